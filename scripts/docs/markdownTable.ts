/**
 * A Markdown table without a final newline. Bars in cells are escaped.
 * @param rows as many cells each as the head
 */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The text as code. */
export function code(text: string): string {
  return `\`${text}\``;
}
