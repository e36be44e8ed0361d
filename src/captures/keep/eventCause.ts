import { rethrowUnlessRecoverable, isCodedError } from '../../errors.ts';
import type { Event, Pod } from '../../kubernetes/api/types.ts';
import { readEvents } from '../../kubernetes/events.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { plainText } from '../../plainText.ts';
import { parseTime } from '../../time.ts';
import { pause } from '../pause.ts';
import type { PodEvent } from './podEvents.ts';

/** What the kubelet's Events say of a problem in a pod, which the pod's status does not have. */
export interface EventCause {
  /** It waits before it starts the container again. */
  readonly backOff: boolean;
  /** `Liveness probe failed: …`; undefined when no probe has failed. */
  readonly probe: string | undefined;
}

/** Nanoseconds: so long a readiness probe may fail before the container counts as not ready. */
const readinessBefore = 120_000_000_000n;
/** Milliseconds until the kubelet has written that it waits. */
const secondLook = 1000;
/** Characters of a probe's output. */
const longestProbe = 200;
const second = 1_000_000_000n;

/**
 * The cause of a problem by the Events of its pod. Pure.
 * @param events of that pod; their times are in whole seconds, by the node's clock
 */
export function causeOf(event: PodEvent, events: readonly Event[]): EventCause {
  const of = (reason: string, from: bigint): string[] =>
    events
      .filter((one) => one.reason === reason && isOf(one, event.container) && timeOf(one) >= from)
      .toSorted((a, b) => Number(timeOf(a) - timeOf(b)))
      .map(({ message = '' }) => message);
  if (event.reason === 'Unready')
    return { backOff: false, probe: probeText(of('Unhealthy', event.at - readinessBefore), ['Readiness']) };
  // The end of the second in which it ended.
  const ended = event.at - second;
  const began = event.began ?? ended;
  // The name of the reason is the same when an image cannot be pulled.
  const backOff = of('BackOff', ended).some((message) => message.includes('restarting failed container'));
  const kills = of('Killing', began).filter((message) => /failed (?:liveness|startup) probe/.test(message));
  const killed = kills.at(-1);
  if (killed === undefined) return { backOff, probe: undefined };
  const kind = killed.includes('startup') ? 'Startup' : 'Liveness';
  return { backOff, probe: probeText(of('Unhealthy', began), [kind]) ?? `${kind} probe failed` };
}

function isOf({ involvedObject }: Event, container: string): boolean {
  return [`spec.containers{${container}}`, `spec.initContainers{${container}}`].includes(
    involvedObject?.fieldPath ?? '',
  );
}

function timeOf({ lastTimestamp, eventTime, metadata }: Event): bigint {
  return parseTime(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') ?? 0n;
}

/** The newest message of such a probe, in one line: it may quote the app. */
function probeText(messages: readonly string[], kinds: readonly string[]): string | undefined {
  const message = messages.findLast((text) => kinds.some((kind) => text.startsWith(`${kind} probe`)));
  return message === undefined ? undefined : plainText(message, longestProbe);
}

/** Reads causes; after the first refusal it asks no more. */
export interface CauseReader {
  /** @throws INTERRUPTED, KUBECTL_MISSING */
  readonly causeOf: (pod: Pod, event: PodEvent) => Promise<EventCause>;
}

const unknown: EventCause = { backOff: false, probe: undefined };

/**
 * @param refused called once, when this user may not list Events
 */
export function createCauseReader(
  { kubectl, signal }: { readonly kubectl: Kubectl; readonly signal?: AbortSignal | undefined },
  refused: () => void,
): CauseReader {
  let isRefused = false;

  const read = async ({ metadata }: Pod, event: PodEvent): Promise<EventCause> => {
    if (isRefused || metadata.uid === undefined) return unknown;
    try {
      const { kept } = await readEvents(kubectl, metadata.namespace, `involvedObject.uid=${metadata.uid}`);
      return causeOf(event, kept);
    } catch (error) {
      rethrowUnlessRecoverable(error);
      if (!isRefused && isCodedError(error) && error.code === 'FORBIDDEN') {
        isRefused = true;
        refused();
      }
      return unknown;
    }
  };

  return {
    causeOf: async (pod, event) => {
      const first = await read(pod, event);
      // The kubelet waits from the second end on, and says so a little later than that it has ended.
      const mayWait = event.exitCode !== undefined && event.restarts > 0 && !event.backOff && !first.backOff;
      if (!mayWait || isRefused) return first;
      await pause(secondLook, signal);
      return read(pod, event);
    },
  };
}
