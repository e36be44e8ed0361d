import { stringify } from 'yaml';
import { isGroup, valuesTree, type Fields, type Node } from './values/index.ts';

/** Values that replace defaults, by top-level key and the keys below. */
export type Baked = Readonly<Record<string, unknown>>;

/**
 * values.yaml: every value with its default and its meaning. In YAML 1.1, which Helm reads, so `yes` is quoted.
 * @param baked replaces defaults
 */
export function valuesYaml(baked: Baked = {}): string {
  return `${Object.entries(valuesTree)
    .map(([key, node]) => lines(key, node, baked[key], '').join('\n'))
    .join('\n\n')}\n`;
}

function lines(key: string, node: Node, baked: unknown, indent: string): string[] {
  const comment = `${indent}# ${commentOf(node)}`;
  if (!isGroup(node)) return [comment, ...entry(key, baked ?? node.default, indent)];
  const inner = Object.entries(node.fields);
  if (node.unset === true) {
    // These keys are known but not set: the line shows the agent's own default.
    const known = inner.flatMap(([name, field]) =>
      isGroup(field) ? [] : [`${indent}#   ${flow(name, field.default)}  # ${field.text}`],
    );
    return [comment, ...known, `${indent}${key}: {}`];
  }
  return [
    comment,
    `${indent}${key}:`,
    ...inner.flatMap(([name, field]) => lines(name, field, partOf(baked, name), `${indent}  `)),
  ];
}

function commentOf(node: Node): string {
  if (isGroup(node)) return node.text;
  const { enum: choices } = node.schema as { enum?: readonly string[] };
  return choices === undefined
    ? node.text
    : `${choices.map((item) => (item === '' ? '""' : item)).join(' | ')}: ${node.text}`;
}

function entry(key: string, value: unknown, indent: string): string[] {
  const text = stringify(
    { [key]: value },
    { version: '1.1', lineWidth: 0, defaultStringType: 'PLAIN', blockQuote: 'literal' },
  );
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `${indent}${line}`));
}

function flow(key: string, value: unknown): string {
  return `${key}: ${JSON.stringify(value)}`;
}

function partOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** The path of every value, such as `injection.annotation`, with its row of the table in the chart's README. */
export function valuePaths(): ReadonlyArray<{
  readonly path: string;
  readonly default: unknown;
  readonly text: string;
}> {
  return pathsOf(valuesTree, '');
}

function pathsOf(fields: Fields, prefix: string): Array<{ path: string; default: unknown; text: string }> {
  return Object.entries(fields).flatMap(([key, node]) =>
    isGroup(node)
      ? pathsOf(node.fields, `${prefix}${key}.`)
      : [{ path: `${prefix}${key}`, default: node.default, text: commentOf(node) }],
  );
}

/** The table in the chart's README, without a final newline. */
export function valuesMarkdown(): string {
  const rows = valuePaths().map(({ path, default: value, text }) => [
    `\`${path}\``,
    `\`${JSON.stringify(value)}\``,
    text,
  ]);
  return [['value', 'default', 'meaning'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}
