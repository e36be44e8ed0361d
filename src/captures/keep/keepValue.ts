import { bounds } from '../../settings/index.ts';
import { formatTime } from '../../time.ts';

/** The times that a keep is about, in nanoseconds since 1970, by the agent's clock. */
export interface KeepWindow {
  readonly from: bigint;
  /** It may lie in the future: then files are kept as they close until then. */
  readonly to: bigint;
}

/** The value of the setting `keep`: `FROM/TO REASON`. No two are alike, as far as the times differ. Pure. */
export function keepValue({ from, to }: KeepWindow, reason: string, by: string | undefined): string {
  return `${formatTime(from)}/${formatTime(to)} ${reasonText(reason, by)}`.trimEnd();
}

/** The reason with who asked, in one line: the annotation has no other place for it. */
function reasonText(reason: string, by: string | undefined): string {
  const line = reason.replace(/\s+/g, ' ').trim();
  if (by === undefined) return line.slice(0, bounds.longestReason);
  const who = `(by ${by.replace(/\s+/g, ' ')})`;
  return `${line.slice(0, bounds.longestReason - who.length - 1)} ${who}`.trimStart();
}
