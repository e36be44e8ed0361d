import { plainText } from '../plainText.ts';

/** A table with columns two spaces apart; control characters are made safe, and lines have no trailing space. */
export function formatTable(given: readonly (readonly string[])[]): string[] {
  const rows = given.map((row) => row.map((cell) => plainText(cell)));
  const lengthOf = (cell = ''): number => Array.from(cell).length;
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((most, row) => Math.max(most, lengthOf(row[column])), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
}
