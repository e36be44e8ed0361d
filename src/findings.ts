/** How much a finding weighs: an error stops or fails the command, a note is only to be known. */
export type Level = 'error' | 'warning' | 'note' | 'ok';

/** A row of a table of findings. */
export interface FindingKind {
  readonly level: Level;
  /** One clause, for the docs. */
  readonly meaning: string;
  /** What to do, plain sentences; empty when there is nothing to do. */
  readonly hint: string;
}

/** What the preflight, `check` or `certs inspect` has found; plain data, for people and for `-o json`. */
export interface Finding<Code extends string = string> {
  readonly level: Level;
  /** For programs: one meaning in all tables. */
  readonly code: Code;
  /** One clause. */
  readonly what: string;
  readonly where: string;
  /** What to do; empty when there is nothing to do. */
  readonly hint: string;
}

/** Kinds that more than one table has. */
export const sharedKinds = {
  rights_unknown: {
    level: 'warning',
    meaning: 'The API server does not answer what you may do',
    hint: 'What you may do shows when you do it; a command may fail half way.',
  },
} as const satisfies Record<string, FindingKind>;

/**
 * Makes the findings of one table.
 * @returns a function that takes code, place, what was found, and what to do when the place knows better than the table
 */
export function findingsOf<Code extends string>(
  kinds: Readonly<Record<Code, FindingKind>>,
): (code: Code, where: string, what: string, hint?: string) => Finding<Code> {
  return (code, where, what, hint) => ({ level: kinds[code].level, code, what, where, hint: hint ?? kinds[code].hint });
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'error');
}

/** For people: what and where on one line, what to do on the next. */
export function formatFinding({ level, code, what, where, hint }: Finding): string[] {
  const line = `${level.padEnd(8)}${where}: ${what}`;
  return level === 'ok' ? [line] : [`${line} (${code})`, ...(hint === '' ? [] : [`${''.padEnd(8)}${hint}`])];
}

/** `2 errors, 1 note`; the levels in the order of their weight. */
export function countFindings(
  findings: readonly Finding[],
  levels: readonly Level[] = ['error', 'warning', 'note'],
): string {
  const counts = levels.map((level) => [level, findings.filter((finding) => finding.level === level).length] as const);
  return counts
    .filter(([, count]) => count > 0)
    .map(([level, count]) => `${count} ${level}${count === 1 ? '' : 's'}`)
    .join(', ');
}

/** A table of findings as Markdown; a test compares it with the docs. */
export function findingsTable(kinds: Readonly<Record<string, FindingKind>>): string {
  const rows = Object.entries(kinds).map(
    ([code, { level, meaning, hint }]) => `| \`${code}\` | ${level} | ${meaning}${hint === '' ? '' : `. ${hint}`} |`,
  );
  return ['| code | level | meaning, and what to do |', '| --- | --- | --- |', ...rows].join('\n');
}
