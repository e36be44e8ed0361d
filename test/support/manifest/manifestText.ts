/**
 * Writes a value as YAML in every way that people and tools do: for property tests. The choices come from outside, so
 * that a failing text can be shrunk.
 */
export interface Pen {
  /** A number from 0 to `ways` - 1. */
  choose(ways: number): number;
  /** Columns of a nested mapping. */
  readonly step: number;
  /** Columns of the dashes right of their key. */
  readonly dashes: number;
  readonly comments: boolean;
}

const words = /^[A-Za-z][A-Za-z0-9_./-]*$/;
const notStrings = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** Lines of a block at `indent` columns; the first one without its indentation. */
export function blockLines(value: unknown, indent: number, pen: Pen): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => itemLines(item, index === 0, indent, pen));
  return Object.entries(value as object).flatMap(([key, item], index) =>
    pairLines(key, item, index === 0, indent, pen),
  );
}

function pairLines(key: string, value: unknown, first: boolean, indent: number, pen: Pen): string[] {
  const space = ' '.repeat(indent);
  const before = first ? [] : triviaLines(indent, pen);
  const margin = first ? '' : space;
  if (isBlock(value, pen)) {
    const deeper = Array.isArray(value) ? indent + pen.dashes : indent + pen.step;
    const [top = '', ...rest] = blockLines(value, deeper, pen);
    // An explicit key, with its value on the line of the colon.
    if (pen.choose(25) === 0 && words.test(key)) {
      const [compact = '', ...others] = blockLines(value, indent + 2, pen);
      return [...before, `${margin}? ${key}`, `${space}: ${compact}`, ...others];
    }
    const opening = `${margin}${scalar(key, pen)}:${property(pen)}${endOfLine(pen)}`;
    return [...before, opening, ...triviaLines(deeper, pen), `${' '.repeat(deeper)}${top}`, ...rest];
  }
  const [head = '', ...tail] = leafLines(value, indent, pen);
  return [
    ...before,
    `${margin}${scalar(key, pen)}:${head === '' ? '' : ` ${head}`}${tail.length > 0 ? '' : endOfLine(pen)}`,
    ...tail,
  ];
}

function itemLines(item: unknown, first: boolean, indent: number, pen: Pen): string[] {
  const space = ' '.repeat(indent);
  const before = first ? [] : triviaLines(indent, pen);
  const margin = first ? '' : space;
  if (!isBlock(item, pen)) {
    const [head = '', ...tail] = leafLines(item, indent, pen);
    return [...before, `${margin}- ${head}${tail.length > 0 ? '' : endOfLine(pen)}`, ...tail];
  }
  const gap = pen.choose(8) === 0 ? 4 : 2;
  const [top = '', ...rest] = blockLines(item, indent + gap, pen);
  if (pen.choose(12) === 0)
    return [...before, `${margin}-${property(pen)}${endOfLine(pen)}`, `${' '.repeat(indent + gap)}${top}`, ...rest];
  return [...before, `${margin}-${' '.repeat(gap - 1)}${top}`, ...rest];
}

function isBlock(value: unknown, pen: Pen): value is object {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return false;
  return hasNull(value) || pen.choose(6) !== 0;
}

/** Nulls stay out of flow collections: there, text can only be added next to them. */
function hasNull(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.values(value).some(hasNull));
}

/** The lines of what is no block collection; the first one goes behind the key. */
function leafLines(value: unknown, indent: number, pen: Pen): string[] {
  if (value === null) return [['', 'null', '~'][pen.choose(3)] ?? ''];
  if (typeof value === 'object') return pen.choose(3) === 0 ? flowLines(value, indent, pen) : [flow(value, pen)];
  if (typeof value === 'string' && /^\w[^\r]*\n$/.test(value)) return literalLines(value, indent, pen);
  return [scalar(value, pen)];
}

function literalLines(value: string, indent: number, pen: Pen): string[] {
  const lines = value
    .slice(0, -1)
    .split('\n')
    .map((line) => (line === '' ? '' : `${' '.repeat(indent + 2)}${line}`));
  // A comment that is indented less ends it; a deeper one would be content.
  const end = pen.comments || value.endsWith('\n\n') ? [`${' '.repeat(indent)}# end`] : [];
  // Without a `+`, blank lines behind it are none of its content.
  if (/[^\n]\n$/.test(value) && pen.choose(2) === 0) return ['|', ...lines, '', ...end];
  return ['|+', ...lines, ...end];
}

/** A flow collection with an entry on each line, closed at the column of its key or deeper. */
function flowLines(value: object, indent: number, pen: Pen): string[] {
  const entries = flowEntries(value, pen);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) return [`${open}${close}`];
  const comma = (index: number): string => (index < entries.length - 1 || pen.choose(2) === 0 ? ',' : '');
  const body = entries.map(
    (entry, index) => `${' '.repeat(indent + 2 + pen.choose(3))}${entry}${comma(index)}${endOfLine(pen)}`,
  );
  return [`${open}${endOfLine(pen)}`, ...body, `${' '.repeat(indent + 1 + pen.choose(2))}${close}`];
}

function flow(value: unknown, pen: Pen): string {
  if (typeof value !== 'object' || value === null) return scalar(value, pen);
  const entries = flowEntries(value, pen);
  const pad = pen.choose(3) === 0 ? ' ' : '';
  const comma = entries.length > 0 && pen.choose(8) === 0 ? ',' : '';
  const body = `${pad}${entries.join(pen.choose(4) === 0 ? ' , ' : ', ')}${comma}${pad}`;
  return Array.isArray(value) ? `[${body}]` : `{${body}}`;
}

function flowEntries(value: object, pen: Pen): string[] {
  if (Array.isArray(value)) return value.map((item) => flow(item, pen));
  return Object.entries(value).map(([key, item]) => `${scalar(key, pen)}: ${flow(item, pen)}`);
}

function scalar(value: unknown, pen: Pen): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const style = pen.choose(4);
  if (words.test(value) && !notStrings.test(value) && style < 2) return value;
  return style === 2 && !/[\n\r\t]/.test(value) ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value);
}

/** An anchor that nobody uses. */
function property(pen: Pen): string {
  return pen.choose(30) === 0 ? ` &a${pen.choose(9)}` : '';
}

function endOfLine(pen: Pen): string {
  if (!pen.comments) return '';
  return ['', '', '', '', ' # note: "x"', '  ', '   # - name: x'][pen.choose(7)] ?? '';
}

function triviaLines(indent: number, pen: Pen): string[] {
  if (!pen.comments || pen.choose(4) !== 0) return [];
  const comment = `${' '.repeat(Math.max(0, indent - 2 + pen.choose(6)))}# - name: x`;
  return [[comment], [''], ['', comment], [comment, '  ', comment]][pen.choose(4)] ?? [];
}
