/** A row of the table: its first field names it. */
export type Fields = readonly string[];

const place = /<!-- table -->[^]*<!-- \/table -->/;

/**
 * The document with the rows that were seen. Of titles that were not run the rows stay as they are; what is no title
 * any more goes. Pure.
 * @param titles of all rows, in their order
 */
export function withRows(doc: string, head: Fields, titles: readonly string[], seen: readonly Fields[]): string {
  const present = new Map((place.exec(doc)?.[0] ?? '').split('\n').map((text) => [firstField(text), text]));
  const run = new Map(seen.map((fields) => [fields[0], tableLine(fields)]));
  const lines = titles.flatMap((title) => run.get(title) ?? present.get(title) ?? []);
  const table = ['<!-- table -->', tableLine(head), tableLine(head.map(() => '---')), ...lines, '<!-- /table -->'];
  return doc.replace(place, () => table.join('\n'));
}

function tableLine(fields: Fields): string {
  return `| ${fields.join(' | ')} |`;
}

function firstField(line: string): string {
  return /^\| (.*?) \|/.exec(line)?.[1] ?? '';
}
