import type { Pod } from '../../kubernetes/api/types.ts';
import { currentNamespace } from '../../kubernetes/namespace.ts';
import { whoAmI } from '../../kubernetes/whoAmI.ts';
import { plainText } from '../../plainText.ts';
import { checkPodTarget, foundPods, type FoundPods } from '../findPods.ts';
import { readTarget, type PodTarget } from '../readTarget.ts';
import { createAttacher, type AttachedPod, type AttachedTo, type Attacher, type AttacherOptions } from './attacher.ts';
import { attachEvent, noEvents, writeEvents } from './attachEvent.ts';
import { checkAttachRights } from './attachRights.ts';
import { waitForContainers, type ContainerState } from './waitForContainers.ts';

/** Which pods get an agent, and how long the call waits for them. `reason` is written into the Event of each pod. */
export interface AttachPodsOptions extends AttacherOptions {
  /** With `ended`, only its pods get an agent. */
  readonly target: PodTarget;
  /** What for, in the user's words. */
  readonly reason?: string | undefined;
  /** The most pods to attach to, the first by name; undefined: all. */
  readonly most?: number | undefined;
  /** `first`: return as soon as one container runs; `all`: when each of them runs or has failed. */
  readonly until: 'all' | 'first';
  readonly timeoutSeconds: number;
  /** Called in each round of the waiting. */
  readonly onWaiting: (containers: number) => void;
}

/** What was done, and what a stream needs to go on from there without listing the pods again. */
export interface AttachPodsResult {
  readonly pods: readonly AttachedPod[];
  /** The agents' containers, by the uids of their pods; null: there is none. */
  readonly containers: ReadonlyMap<string, string | null>;
  /** The uids of the pods to which a container was added. */
  readonly fresh: ReadonlySet<string>;
  /** Containers that were there before and have ended during the wait, by the uids of their pods. */
  readonly endedMeanwhile: ReadonlyMap<string, string>;
  /** The pods of the target as they are now. */
  readonly found: FoundPods;
  /** The user, as the API server knows it; undefined when it does not say. */
  readonly by: string | undefined;
  /** Resolves when the Events are written: why they were not, if so. Never rejects for what kubectl does. */
  readonly noted: Promise<string | undefined>;
  /** For pods that come later. */
  readonly attacher: Attacher;
}

/**
 * Brings an agent into each pod of a target, and waits until it runs. Everything that may be refused is asked first.
 * @throws FORBIDDEN before anything is changed; as findPods, and INTERRUPTED
 */
export async function attachPods(options: AttachPodsOptions): Promise<AttachPodsResult> {
  const { kubectl, target, dryRun, most = Number.POSITIVE_INFINITY } = options;
  checkPodTarget(target);
  const attacher = createAttacher(options);
  const reading = readTarget(kubectl, target, 'whole');
  // Awaited after the rights, whose message is the better one.
  reading.catch(() => undefined);
  const asking = whoAmI(kubectl);
  asking.catch(() => undefined);
  if (target.allNamespaces !== true) attacher.prepare(target.namespace ?? (await currentNamespace(kubectl)));
  const rights = await checkAttachRights(kubectl, target);
  const [{ pods, where, ended }, by] = [await reading, await asking];
  const { ended: endedBefore } = options;
  const chosen = pods.filter(({ metadata }) => endedBefore === undefined || endedBefore.has(metadata.uid ?? ''));
  const done = await attacher.attach(chosen.toSorted(byName).slice(0, most));
  const noted = dryRun ? Promise.resolve(undefined) : note(options, rights.events, done, by);
  noted.catch(() => undefined);
  const uids = (of: readonly AttachedTo[]): string[] => of.map(({ pod }) => pod.metadata.uid ?? '');
  const same = {
    containers: new Map(uids(done).map((uid, index) => [uid, done[index]?.result.container ?? null])),
    fresh: new Set(uids(done.filter(({ result }) => result.result === 'attached'))),
    by,
    noted,
    attacher,
  };
  if (dryRun)
    return {
      ...same,
      endedMeanwhile: new Map(),
      pods: done.map(({ result }) => result),
      found: foundPods(target, { pods, where, ended }),
    };
  const now = await wait(options, done, { pods, where });
  const onTheWay = options.until === 'first' && [...now.states.values()].some(({ kind }) => kind === 'running');
  const results = done.map(({ pod, result }) => withState(result, now.states.get(pod.metadata.uid ?? ''), onTheWay));
  const endedMeanwhile = new Map(
    done.flatMap(({ pod: { metadata }, result: { result, container } }) => {
      const state = now.states.get(metadata.uid ?? '');
      const hasEnded = state?.kind === 'failed' && state.ended === true;
      return result === 'present' && hasEnded ? [[metadata.uid ?? '', container ?? ''] as const] : [];
    }),
  );
  return { ...same, endedMeanwhile, pods: results, found: foundPods(target, { pods: now.pods, where, ended }) };
}

function byName({ metadata: a }: Pod, { metadata: b }: Pod): number {
  const order = (a.namespace ?? '').localeCompare(b.namespace ?? '');
  return order === 0 ? a.name.localeCompare(b.name, 'en', { numeric: true }) : order;
}

/** Writes an Event for each pod whose agent is used. */
async function note(
  { kubectl, reason }: AttachPodsOptions,
  allowed: boolean,
  done: readonly AttachedTo[],
  by: string | undefined,
): Promise<string | undefined> {
  const events = done.flatMap(({ pod, result: { container, result } }) =>
    container === null
      ? []
      : [attachEvent({ pod, container, added: result === 'attached', by, reason, now: new Date() })],
  );
  if (events.length === 0) return undefined;
  return allowed ? writeEvents(kubectl, events) : noEvents;
}

async function wait(
  { kubectl, target, timeoutSeconds, until, signal, report, onWaiting }: AttachPodsOptions,
  done: readonly AttachedTo[],
  first: { readonly pods: readonly Pod[]; readonly where: string },
): Promise<{ readonly pods: readonly Pod[]; readonly states: ReadonlyMap<string, ContainerState> }> {
  const waiting = done.filter(({ result: { result } }) => result === 'attached' || result === 'present');
  if (waiting.length === 0) return { pods: first.pods, states: new Map() };
  const containers = new Map(waiting.map(({ pod, result }) => [pod.metadata.uid ?? '', result.container ?? '']));
  const names = new Map(waiting.map(({ pod: { metadata } }) => [metadata.uid ?? '', metadata]));
  let { pods } = first;
  const states = await waitForContainers({
    read: async () => ({ pods } = await readTarget(kubectl, target, 'whole')).pods,
    containers,
    timeoutSeconds,
    until,
    signal,
    onChange: (uid, state) => {
      if (!('text' in state) || state.text === '' || ordinary.test(state.text)) return;
      const { namespace = '', name = '' } = names.get(uid) ?? {};
      report(`${namespace}/${name}: ${containers.get(uid) ?? ''}: ${plainText(state.text, 500)}`);
    },
    onRound: onWaiting,
  });
  return { pods, states };
}

/** How every container starts. */
const ordinary = /^(?:ContainerCreating|PodInitializing)$/;

/**
 * The result of a pod, with what became of its container. Pure.
 * @param onTheWay nobody has waited for containers that are starting
 */
export function withState(result: AttachedPod, state: ContainerState | undefined, onTheWay: boolean): AttachedPod {
  if (state === undefined || state.kind === 'running' || (state.kind === 'starting' && onTheWay)) return result;
  if (state.kind === 'gone') return { ...result, result: 'gone' };
  if (state.kind === 'failed') return { ...result, result: 'failed', message: state.text };
  const text = state.text === '' ? 'the kubelet has not started it yet' : state.text;
  return { ...result, result: 'failed', message: `not in time: ${text}` };
}
