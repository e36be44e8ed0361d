/**
 * A text that others wrote, on one line and without control characters: a terminal would obey those.
 * @param length characters at most; what is longer ends in an ellipsis
 */
export function plainText(text: string, length = Number.POSITIVE_INFINITY): string {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  const plain = text.replaceAll(/[\s\u0000-\u001F\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069]+/g, ' ').trim();
  const characters = Array.from(plain);
  return characters.length <= length ? plain : `${characters.slice(0, length - 1).join('')}…`;
}

/** `190.3Ki`: bytes in the largest binary unit that leaves a number before the point. */
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

/** Rows under headings, in columns two spaces apart; no white space at the end of a line. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const lengthOf = (cell = ''): number => Array.from(cell).length;
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => lengthOf(row[column]))));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
}
