import { formatTable } from '../../captures/formatTable.ts';
import { plainText } from '../../plainText.ts';
import type { Summary } from '../summary.ts';
import { shortened } from './quantities.ts';
import { sectionsOf, type Section } from './sections.ts';

/** Columns of a line, for people; names are shortened so that a row fits. */
const columns = 120;
const leastName = 12;

/** The report as lines of text, at most 120 columns wide unless a line cannot be shortened. Pure. */
export function formatSummary(summary: Summary): string[] {
  return sectionsOf(summary).flatMap((section, index) => [
    ...(index === 0 ? [] : ['']),
    section.title.toUpperCase(),
    ...section.lines.flatMap((line) => wrapped(plainText(line), columns)),
    ...(section.table.length > 1 ? formatTable(fitted(section)) : []),
  ]);
}

/** Shortens the longest names first, until the rows fit. */
function fitted({ table, names }: Section): string[][] {
  const rows = table.map((row) => row.map((cell) => plainText(cell)));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => lengthOf(row[column] ?? ''))));
  const excess = (): number => widths.reduce((sum, width) => sum + width + 2, -2) - columns;
  while (excess() > 0) {
    const [widest] = names.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined || (widths[widest] ?? 0) <= leastName) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return rows.map((row) =>
    row.map((cell, column) => (names.includes(column) ? shortened(cell, Math.max(3, widths[column] ?? 0)) : cell)),
  );
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** Breaks a line at a comma or a blank. */
function wrapped(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const next = current === '' ? word : `${current} ${word}`;
    if (lengthOf(next) > width && current !== '') {
      lines.push(current);
      current = `  ${word}`;
    } else {
      current = next;
    }
  }
  return [...lines, current];
}
