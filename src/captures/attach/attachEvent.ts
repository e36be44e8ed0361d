import { isCodedError, isForbidden } from '../../errors.ts';
import type { Pod } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { fieldManager } from '../../kubernetes/sendPatch.ts';
import { plainText } from '../../plainText.ts';

/** What an Event tells others about a pod: who captures in it, and why. */
export interface AttachNote {
  readonly pod: Pick<Pod, 'metadata'>;
  readonly container: string;
  /** False: the container was there before. */
  readonly added: boolean;
  /** Undefined when the API server does not say who the user is. */
  readonly by: string | undefined;
  readonly reason: string | undefined;
  readonly now: Date;
}

/** The longest message of an Event, in bytes (NoteLengthLimit in pkg/apis/core/validation/events.go). */
const longestNote = 1024;

/** Whoever finds a capture in a pod finds these words by `kubectl describe pod`. */
export const attachEventReasons = { added: 'PacketCaptureAttached', used: 'PacketCaptureUsed' } as const;

/** An Event for the API server. Pure. */
export function attachEvent({ pod: { metadata }, container, added, by, reason, now }: AttachNote): object {
  const { name, namespace = 'default', uid } = metadata;
  const who = by === undefined ? 'somebody' : plainText(by, 253);
  const what = added
    ? `${who} attached the container ${container}, which captures packets`
    : `${who} captures packets by the container ${container}`;
  const message = reason === undefined ? what : `${what}: ${plainText(reason, longestNote)}`;
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // 200 characters and five of the API server's: a name has 253 at most.
    metadata: { generateName: `${name.slice(0, 200)}.`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid },
    type: 'Normal',
    reason: added ? attachEventReasons.added : attachEventReasons.used,
    message: message.slice(0, longestNote / 2),
    source: { component: fieldManager },
    reportingComponent: fieldManager,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

/**
 * Writes Events, all by one kubectl. What keeps it from being written is not an error, because the capture goes on.
 * @returns why they were not written: one clause; undefined when they were
 */
export async function writeEvents(kubectl: Kubectl, events: readonly object[]): Promise<string | undefined> {
  try {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: events });
    await kubectl(['create', '-f', '-', '-o', 'name'], { input, quiet: true });
    return undefined;
  } catch (error) {
    if (isForbidden(error)) return noEvents;
    if (!isCodedError(error)) throw error;
    return plainText(error.message, 200);
  }
}

/** The reason when the right is missing. */
export const noEvents = 'you may not create events';
