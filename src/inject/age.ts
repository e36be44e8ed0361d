import type { PodTemplate } from '../kubernetes/api/types.ts';
import { statusAnnotation } from '../settings/index.ts';
import { parseStatus } from '../sidecar/index.ts';
import { version } from '../version.ts';
import type { Update } from './update.ts';

/** That a sidecar is of an older version than this program. */
export interface Older {
  /** That made it. */
  readonly version: string;
  /** It is left as it is, but for its settings; false: it is made anew. */
  readonly kept: boolean;
}

/**
 * What to say of a template that carries a sidecar of an older version; undefined for others. Pure.
 * @param update what becomes of it; undefined: nothing
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

/** One clause: what it is, and how it gets the version of this program. */
export function olderText({ version: present, kept }: Older): string {
  const made = `its sidecar was made by version ${present}`;
  return kept
    ? `${made} and is left as that made it; name the image (--image) to have it made by ${version}`
    : `${made}, and is made by ${version} now`;
}

/** Of a status, which anybody may write, nothing but three numbers is a version. */
function isOlder(one: string, other: string): boolean {
  const [first, second] = [numbersOf(one), numbersOf(other)];
  if (first === undefined || second === undefined) return false;
  const difference = first.map((number, index) => number - (second[index] ?? 0)).find((each) => each !== 0) ?? 0;
  return difference < 0;
}

function numbersOf(text: string): readonly number[] | undefined {
  return /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(text)?.slice(1).map(Number);
}
