import { filesOf, type Row } from './runs.ts';

/** The outcome of one test, as vitest's JSON report has it. */
export interface TestOutcome {
  /** Path of the file, relative to the repository. */
  readonly file: string;
  readonly title: string;
  readonly status: string;
}

/** One column: the cells in the order of the rows, below its head. */
export interface Column {
  readonly head: string;
  readonly cells: readonly string[];
}

/** What a run on one version showed of each row. Pure. */
export function cellsOf(rows: readonly Row[], minor: number, outcomes: readonly TestOutcome[]): string[] {
  return rows.map((row) => {
    const files = filesOf(row, minor);
    if (row.until !== undefined && files.length === 0) return row.until.says;
    const own = outcomes.filter(({ file }) => files.includes(file));
    const failed = own.filter(({ status }) => status === 'failed').map(({ title }) => title);
    const passed = own.filter(({ status }) => status === 'passed').length;
    const silent = files.filter((file) => !own.some((outcome) => outcome.file === file));
    const count = `${passed} ${passed === 1 ? 'test' : 'tests'}`;
    if (failed.length > 0 || silent.length > 0) return `**fails**: ${[...failed, ...silent].join('; ')}`;
    if (passed === 0) return 'not run';
    const older = row.since !== undefined && minor < row.since.minor;
    return `${older ? row.since.says : (row.says ?? 'works')} (${count})`;
  });
}

const [begin, end] = ['<!-- versions -->', '<!-- /versions -->'];

/**
 * The document with these columns in its table of versions. Columns of other versions stay, if they have these rows.
 * Pure.
 */
export function withColumns(
  document: string,
  order: readonly string[],
  titles: readonly string[],
  columns: readonly Column[],
): string {
  const [before = '', rest = ''] = document.split(`${begin}\n`);
  const [table = '', after = ''] = rest.split(end);
  const old = columnsOf(table, titles).filter(({ head }) => !columns.some((column) => column.head === head));
  const all = [...columns, ...old].filter(({ head }) => order.includes(head));
  all.sort((a, b) => order.indexOf(a.head) - order.indexOf(b.head));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const lines = titles.map((title, index) => line([title, ...all.map(({ cells }) => cells[index] ?? '')]));
  const head = line(['Kubernetes', ...all.map((column) => column.head)]) + line(['---', ...all.map(() => '---')]);
  return `${before}${begin}\n${head}${lines.join('')}${end}${after}`;
}

/** The columns of a table that has exactly these rows, otherwise none. */
function columnsOf(table: string, titles: readonly string[]): Column[] {
  const grid = table
    .split('\n')
    .filter((text) => text.startsWith('|'))
    .map((text) =>
      text
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  const [heads = [], , ...body] = grid;
  if (body.map(([title]) => title).join('\n') !== titles.join('\n')) return [];
  return heads.slice(1).map((head, index) => ({ head, cells: body.map((cells) => cells[index + 1] ?? '') }));
}
