import { plainText } from '../../plainText.ts';
import type { Summary } from '../summary.ts';
import { sectionsOf } from './sections.ts';

/** The report as GitHub Flavored Markdown, for a ticket. Pure. */
export function formatMarkdown(summary: Summary): string[] {
  return sectionsOf(summary).flatMap(({ title, lines, table }, index) => [
    ...(index === 0 ? [] : ['']),
    `## ${title}`,
    ...lines.map((line) => `- ${escaped(line)}`),
    ...(table.length > 1 ? [...(lines.length === 0 ? [] : ['']), ...tableLines(table)] : []),
  ]);
}

function tableLines([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(head.map((cell) => cell.toLowerCase())), `|${head.map(() => ' --- |').join('')}`, ...rows.map(line)];
}

/** What others have named must not become a link, a picture or HTML. */
function escaped(text: string): string {
  return plainText(text).replaceAll(/[\\`*_[\]<>|&#!~]/g, String.raw`\$&`);
}
