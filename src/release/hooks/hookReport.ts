import { codedError } from '../../errors.ts';
import type { Planned } from './changeObjects.ts';
import { leftReasons } from './ownership.ts';
import { targetName } from './targetObject.ts';

/** One line of the program's output; plain data. */
export type TargetEvent = { readonly event: string } & Readonly<Record<string, unknown>>;
/** Prints one line of the program's output. */
export type Report = (event: TargetEvent) => void;

const unreadable = 'the annotation packet-capture/opted-in-by cannot be parsed: correct it or remove it';

/** The event for one object; `done` is the event for a change that was sent. */
export function eventOf(result: Planned, done: 'opted_in' | 'opted_out'): TargetEvent {
  const object = targetName(result.object);
  if ('error' in result) return { event: 'failed', object, code: result.error.code, reason: result.error.message };
  const { left, patch } = result.plan;
  if (left === 'owners_unreadable') return { event: 'failed', object, code: left, reason: unreadable };
  if (left !== undefined) return { event: 'left', object, code: left, reason: leftReasons[left] };
  return { event: patch === undefined ? 'unchanged' : done, object };
}

/**
 * Reports how many objects had each outcome.
 * @throws TARGETS_INCOMPLETE when one has failed
 */
export function finish(events: readonly TargetEvent[], report: Report): void {
  const counts: Record<string, number> = {};
  for (const { event } of events) counts[event] = (counts[event] ?? 0) + 1;
  report({ event: 'finished', ...counts });
  const { failed = 0 } = counts;
  if (failed > 0) throw codedError('TARGETS_INCOMPLETE', `${failed} of ${events.length} objects could not be changed`);
}
