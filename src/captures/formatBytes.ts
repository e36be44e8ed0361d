import { plainText } from '../plainText.ts';

/** `190.3Ki`: bytes in the largest binary unit in which the number is at least 1. */
export function formatBytes(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return power === 0 ? `${bytes}` : `${(bytes / 1024 ** power).toFixed(1)}${units[power] ?? ''}`;
}

/** `42s`, `12m`, `3h`, `5d`: the largest unit, rounded down. */
export function formatAge(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole}s`;
  if (whole < 7200) return `${Math.floor(whole / 60)}m`;
  return whole < 172_800 ? `${Math.floor(whole / 3600)}h` : `${Math.floor(whole / 86_400)}d`;
}

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
