import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { kube } from '../../cluster/clusterFixture.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

interface Container {
  readonly name: string;
  readonly state?: { readonly waiting?: { readonly reason: string } };
}

interface Pod {
  readonly kind: 'Pod';
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly spec: { readonly initContainers?: readonly Container[] };
  readonly status: {
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly Container[];
    readonly initContainerStatuses?: readonly Container[];
  };
}

interface Deployment {
  readonly kind: 'Deployment';
  readonly metadata: { readonly generation: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

/** What became of the app: its pods run, or new ones are refused, or wait for something. */
export interface AppState {
  readonly ready: number;
  readonly end: 'runs' | 'refused' | 'waits';
  /** The pods that carry the sidecar are these many. */
  readonly injected: number;
  /** The API server's or the kubelet's. */
  readonly words: string;
}

const stuck = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'CreateContainerConfigError']);

/**
 * Waits until the Deployment `web` runs as it is written, or is seen not to get there.
 * @param enough which states end the waiting
 */
export async function settled(namespace: string, enough: (state: AppState) => boolean = () => true): Promise<AppState> {
  const deadline = performance.now() + 90_000;
  for (;;) {
    const { items } = JSON.parse(await kube(['get', 'deploy,pods', '-n', namespace, '-o', 'json'])) as {
      readonly items: readonly (Pod | Deployment)[];
    };
    const [deployment] = items.filter((item) => item.kind === 'Deployment');
    const pods = items
      .filter((item) => item.kind === 'Pod')
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const state = deployment === undefined ? undefined : stateOf(deployment, pods);
    if (state !== undefined && enough(state)) return state;
    expect(
      performance.now(),
      `deployment/web in ${namespace} does not settle: ${JSON.stringify(deployment?.status)}`,
    ).toBeLessThan(deadline);
    await sleep(500);
  }
}

/** Waits until its pods run without the sidecar. */
export async function runsAlone(namespace: string): Promise<void> {
  await settled(namespace, ({ end, injected }) => end === 'runs' && injected === 0);
}

function stateOf({ metadata, status }: Deployment, pods: readonly Pod[]): AppState | undefined {
  if (status.observedGeneration !== metadata.generation) return undefined;
  const ready = pods.filter((pod) => holds(pod.status.conditions, 'Ready')).length;
  const injected = pods.filter(({ spec }) =>
    (spec.initContainers ?? []).some(({ name }) => name === 'packet-capture'),
  ).length;
  const failure = (status.conditions ?? []).find(({ type }) => type === 'ReplicaFailure');
  if (failure?.status === 'True') return { ready, injected, end: 'refused', words: failure.message ?? '' };
  const reasons = pods
    .flatMap((pod) => [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])])
    .map(({ state }) => state?.waiting?.reason ?? '');
  const reason = reasons.find((one) => stuck.has(one));
  if (reason !== undefined)
    return { ready, injected, end: 'waits', words: reason === 'ErrImagePull' ? 'ImagePullBackOff' : reason };
  const whole = status.updatedReplicas === 2 && status.replicas === 2 && status.availableReplicas === 2;
  return whole && ready === 2 && pods.length === 2 ? { ready, injected, end: 'runs', words: '' } : undefined;
}

function holds(conditions: readonly Condition[] = [], name: string): boolean {
  return conditions.some(({ type, status }) => type === name && status === 'True');
}
