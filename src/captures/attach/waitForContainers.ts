import { hasEnded } from '../../kubernetes/api/pods.ts';
import { stuckReasons } from '../../kubernetes/api/stuckReasons.ts';
import type { ContainerStatus, Pod } from '../../kubernetes/api/types.ts';
import { pause } from '../pause.ts';

/** The state of a container that was attached to a pod. */
export type ContainerState =
  | { readonly kind: 'running' }
  /** The kubelet is at work, or tries again. */
  | { readonly kind: 'starting'; readonly text: string }
  /** It does not start until somebody corrects something, or it has ended at once. */
  | { readonly kind: 'failed'; readonly text: string; readonly ended?: true }
  | { readonly kind: 'gone' };

/** The first failure may be a matter of the moment; the kubelet names the second one otherwise. */
const mayPass: ReadonlySet<string> = new Set(['ErrImagePull', 'RegistryUnavailable', 'ImageInspectError']);

/** The state of a container by its pod; undefined is a pod that is not there any more. Pure. */
export function containerState(pod: Pod | undefined, container: string): ContainerState {
  if (pod === undefined || hasEnded(pod)) return { kind: 'gone' };
  const status = pod.status?.ephemeralContainerStatuses?.find(({ name }) => name === container);
  const { running, waiting, terminated } = status?.state ?? {};
  if (running !== undefined) return { kind: 'running' };
  if (terminated !== undefined) return { kind: 'failed', text: endedText(terminated), ended: true };
  const { reason = '', message = '' } = waiting ?? {};
  const text = [reason, message].filter((part) => part !== '').join(': ');
  const isStuck = stuckReasons.has(reason) && !mayPass.has(reason);
  return { kind: isStuck ? 'failed' : 'starting', text };
}

function endedText({ reason = '', message = '', exitCode }: Terminated): string {
  const details = [reason, message].filter((part) => part !== '').join(': ');
  return `it ended with exit code ${exitCode ?? 'unknown'}${details === '' ? '' : ` (${details})`}`;
}

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

/** Which containers to wait for, until when, and who is told of changes. */
export interface ContainerWait {
  /** Lists the pods as they are now. */
  readonly read: () => Promise<readonly Pod[]>;
  /** The containers, by the uid of their pods. */
  readonly containers: ReadonlyMap<string, string>;
  readonly timeoutSeconds: number;
  /** `all`: until each of them runs or has failed; `first`: until one runs, or all have failed. */
  readonly until: 'all' | 'first';
  readonly signal?: AbortSignal | undefined;
  /** Called when a container runs, fails, or is kept waiting by something with a name, and in each round. */
  readonly onChange?: (uid: string, state: ContainerState) => void;
  readonly onRound?: (starting: number) => void;
}

/** Milliseconds between two looks: most containers start within a second. */
const [soon, later] = [150, 1000];
const soonFor = 5000;

/**
 * Waits until containers run; their last states by the uids of their pods.
 * @throws what `read` throws, and INTERRUPTED
 */
export async function waitForContainers(wait: ContainerWait): Promise<ReadonlyMap<string, ContainerState>> {
  const { read, containers, timeoutSeconds, until, signal, onChange, onRound } = wait;
  const begun = performance.now();
  const states = new Map<string, ContainerState>();
  for (;;) {
    const waited = performance.now() - begun;
    const pods = new Map((await read()).map((pod) => [pod.metadata.uid ?? '', pod]));
    for (const [uid, container] of containers) {
      const state = containerState(pods.get(uid), container);
      if (textOf(state) !== textOf(states.get(uid))) onChange?.(uid, state);
      states.set(uid, state);
    }
    const kinds = [...states.values()].map(({ kind }) => kind);
    const starting = kinds.filter((kind) => kind === 'starting').length;
    if (starting === 0 || (until === 'first' && kinds.includes('running'))) return states;
    if (waited >= timeoutSeconds * 1000) return states;
    onRound?.(starting);
    await pause(waited < soonFor ? soon : later, signal);
  }
}

function textOf(state: ContainerState | undefined): string {
  if (state === undefined) return 'starting ';
  return `${state.kind} ${'text' in state ? state.text : ''}`;
}
