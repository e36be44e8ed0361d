const mark = Symbol('CEL');

/** CEL within plain data, which is written unchanged. */
export interface CelExpression {
  readonly [mark]: string;
}

/** Marks the text as CEL, for {@link celOf}. */
export function cel(text: string): CelExpression {
  return { [mark]: text };
}

/** A string literal. */
export function celString(text: string): string {
  if (text.includes("'") && !text.includes('"')) return JSON.stringify(text);
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .replaceAll("'", String.raw`\'`);
  return `'${escaped}'`;
}

/** A list of string literals. */
export function celStrings(texts: readonly string[]): string {
  return `[${texts.map(celString).join(', ')}]`;
}

/**
 * Plain data as a CEL literal, on several lines if it is long. The API server accepts only lists and maps whose values
 * have the same type (cel.HomogeneousAggregateLiterals), so values of different types are made dynamic.
 */
export function celOf(value: unknown, indent = ''): string {
  if (isExpression(value)) return value[mark];
  if (typeof value === 'string') return celString(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = `${indent}  `;
  const values: readonly unknown[] = Object.values(value);
  const mixed = new Set(values.map(typeOf)).size > 1;
  const texts = values.map((item) => (mixed ? `dyn(${celOf(item, inner)})` : celOf(item, inner)));
  if (Array.isArray(value)) return aggregate('[', texts, ']', indent);
  return aggregate(
    '{',
    Object.keys(value).map((key, index) => `${celString(key)}: ${texts[index] ?? ''}`),
    '}',
    indent,
  );
}

function aggregate(open: string, items: readonly string[], close: string, indent: string): string {
  const line = `${open}${items.join(', ')}${close}`;
  if (line.length + indent.length <= 100 && !line.includes('\n')) return line;
  return `${open}\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}${close}`;
}

function isExpression(value: unknown): value is CelExpression {
  return typeof value === 'object' && value !== null && mark in value;
}

/** The static type of a value as a literal. */
function typeOf(value: unknown): string {
  if (isExpression(value)) return 'dyn';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'double';
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const types = new Set(Object.values(value).map(typeOf));
  const [first = 'nothing'] = types;
  const inner = types.size > 1 ? 'dyn' : first;
  return Array.isArray(value) ? `list(${inner})` : `map(${inner})`;
}

/** A named expression, which others read as `variables.NAME`. It is evaluated once, when it is first read. */
export interface Variable {
  readonly name: string;
  readonly expression: string;
}
