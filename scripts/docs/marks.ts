/**
 * Replaces what is between the marks `<!-- mark -->` and `<!-- /mark -->` of a document, each on a line of its own.
 * @throws Error when the document does not have both marks, in this order
 */
export function replaceMarked(text: string, mark: string, content: string): string {
  const [start, end] = [`<!-- ${mark} -->\n`, `\n<!-- /${mark} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end, from + start.length - 1);
  if (from < 0 || to < 0) throw new Error(`the marks <!-- ${mark} --> and <!-- /${mark} --> are not in the document`);
  return text.slice(0, from + start.length) + content + text.slice(to);
}
