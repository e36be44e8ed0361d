import type { PodTemplate } from '../kubernetes/api/types.ts';
import { statusAnnotation } from '../settings/index.ts';
import { parseStatus } from '../sidecar/index.ts';
import { version } from '../version.ts';
import type { Update } from './update.ts';

/** A sidecar of an older version than this program. */
export interface Older {
  /** The version that made it. */
  readonly version: string;
  /** Whether only its settings change; otherwise it is replaced. */
  readonly kept: boolean;
}

/**
 * Whether a template has a sidecar of an older version; undefined if not.
 * @param update the planned change; undefined: none
 */
export function olderSidecar(
  { metadata }: PodTemplate,
  update: Pick<Update, 'addition'> | undefined,
): Older | undefined {
  const present = parseStatus(metadata?.annotations?.[statusAnnotation])?.version;
  if (present === undefined || !isOlder(present, version)) return undefined;
  const after = parseStatus(update?.addition.annotations[statusAnnotation])?.version ?? present;
  return { version: present, kept: after === present };
}

/** A clause with the version of the sidecar and how to update it. */
export function olderText({ version: present, kept }: Older): string {
  const made = `its sidecar is of version ${present}`;
  return kept
    ? `${made} and stays as it is; name the image (--image) to replace it by version ${version}`
    : `${made}, and is replaced by version ${version}`;
}

/** Compares two versions. Anybody can write a status, so only three numbers count as a version. */
function isOlder(one: string, other: string): boolean {
  const [first, second] = [numbersOf(one), numbersOf(other)];
  if (first === undefined || second === undefined) return false;
  const difference = first.map((number, index) => number - (second[index] ?? 0)).find((each) => each !== 0) ?? 0;
  return difference < 0;
}

function numbersOf(text: string): readonly number[] | undefined {
  return /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(text)?.slice(1).map(Number);
}
