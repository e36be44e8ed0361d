/** How serious a finding is: an error stops or fails the command, a note needs no action. */
export type Level = 'error' | 'warning' | 'note' | 'ok';

/** A row of a table of findings. */
export interface FindingKind {
  readonly level: Level;
  /** One clause, for the docs. */
  readonly meaning: string;
  /** What to do, plain sentences; empty when there is nothing to do. */
  readonly hint: string;
}

/** One result of the preflight, `check` or `certs inspect`; plain data, for people and for `-o json`. */
export interface Finding<Code extends string = string> {
  readonly level: Level;
  /** For programs; a code means the same in every table. */
  readonly code: Code;
  /** One clause. */
  readonly what: string;
  readonly where: string;
  /** What to do; empty when there is nothing to do. */
  readonly hint: string;
}

/** Kinds that are in more than one table. */
export const sharedKinds = {
  rights_unknown: {
    level: 'warning',
    meaning: 'The API server does not answer what you may do',
    hint: 'A command may fail half way, when a right turns out to be missing.',
  },
} as const satisfies Record<string, FindingKind>;

/**
 * Makes the findings of one table.
 * @returns a function of the code, the place, what was found and, optionally, a better hint than the table's
 */
export function findingsOf<Code extends string>(
  kinds: Readonly<Record<Code, FindingKind>>,
): (code: Code, where: string, what: string, hint?: string) => Finding<Code> {
  return (code, where, what, hint) => ({ level: kinds[code].level, code, what, where, hint: hint ?? kinds[code].hint });
}

/** Whether one of the findings is an error. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'error');
}

/** For people: what and where on one line, what to do on the next. */
export function formatFinding({ level, code, what, where, hint }: Finding): string[] {
  const line = `${level.padEnd(8)}${where}: ${what}`;
  return level === 'ok' ? [line] : [`${line} (${code})`, ...(hint === '' ? [] : [`${''.padEnd(8)}${hint}`])];
}

/** `2 errors, 1 note`; the most serious level first. */
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
