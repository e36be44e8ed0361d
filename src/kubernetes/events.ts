import type { Event } from './api/types.ts';
import type { Kubectl } from './kubectl.ts';
import { readUpTo, type PartOfList } from './pages.ts';

/**
 * A namespace in trouble has any number of them: each kubelet and controller writes some, and they stay for an hour.
 */
export const mostEvents = 5000;

/**
 * Events, page by page and {@link mostEvents} at most; of each, what is read of it here.
 * @param namespace undefined: all of them
 * @throws as Kubectl
 */
export async function readEvents(
  kubectl: Kubectl,
  namespace: string | undefined,
  fieldSelector: string,
): Promise<PartOfList<Event>> {
  return readUpTo(kubectl, { kind: 'events', namespace, fieldSelector }, mostEvents, (object) => {
    const { type, reason, message, involvedObject, lastTimestamp, eventTime, metadata } = object as unknown as Event;
    const { name, namespace: within, creationTimestamp } = metadata;
    return {
      ...(type === undefined ? {} : { type }),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      ...(involvedObject === undefined ? {} : { involvedObject }),
      ...(lastTimestamp === undefined ? {} : { lastTimestamp }),
      ...(eventTime === undefined ? {} : { eventTime }),
      metadata: {
        name,
        ...(within === undefined ? {} : { namespace: within }),
        ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      },
    };
  });
}

/** What to say behind warnings of which some may be missing. */
export function moreEventsLine({ complete }: Pick<PartOfList<Event>, 'complete'>): string[] {
  return complete ? [] : [`(of the first ${mostEvents} events of the namespace; there are more)`];
}
