import type { Event } from './api/types.ts';
import type { Kubectl } from './kubectl.ts';
import { readUpTo, type PartOfList } from './pages.ts';

/**
 * The most events that are read. A namespace with problems may have far more, because kubelets and controllers write
 * them all the time, and each one is kept for an hour.
 */
export const mostEvents = 5000;

/**
 * Reads events page by page, at most {@link mostEvents}, and only the members that are used.
 * @param namespace undefined: all namespaces
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

/** The line after a list of warnings of which some may be missing. */
export function moreEventsLine({ complete }: Pick<PartOfList<Event>, 'complete'>): string[] {
  return complete ? [] : [`(of the first ${mostEvents} events of the namespace; there are more)`];
}
