import { setTimeout as sleep } from 'node:timers/promises';
import { isCodedError, rethrowUnlessRecoverable } from '../errors.ts';
import { containerName, type Container, type LocalObjectReference, type PodTemplate } from '../sidecar/index.ts';
import { imageTrialPod, judgeTrial, type ImageTrialPod } from './imageTrialPod.ts';
import { kubectlJson, parseAnswer, type Kubectl } from './kubectl.ts';
import { readUpTo } from './pages.ts';
import { readSome, unlessForbidden } from './reading.ts';

/** Whether a node that the workload's pods may run on can pull the image and start it; plain data. */
export type ImageTrial =
  /** It was started there, or runs there already (`node` is absent then). */
  | { readonly outcome: 'starts'; readonly node?: string; readonly seconds: number }
  /** `reason` as Kubernetes has it: ErrImagePull, ErrImageNeverPull, StartError, … */
  | { readonly outcome: 'fails'; readonly reason: string; readonly message: string; readonly node?: string }
  /** `why` is a clause for people. */
  | { readonly outcome: 'unknown'; readonly why: string };

export interface ImageTrialOptions {
  readonly kubectl: Kubectl;
  /** Goes on after Ctrl-C, so that the pod is deleted all the same. */
  readonly afterwards: Kubectl;
  readonly namespace: string;
  /** The container that captures, as it would stand in the workload's pods. */
  readonly container: Container;
  /** Secrets that injection adds to the pod's own; those of its service account are added too. */
  readonly pullSecrets: readonly LocalObjectReference[];
  /** The workload's pod template: its node selector, tolerations, service account and pull secrets decide. */
  readonly like: PodTemplate;
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes one line for people, now and then while it waits. */
  readonly report: (line: string) => void;
}

const pauseMs = 500;
const reportEveryMs = 5000;
/** A registry may hiccup: an error that need not last must last this long. */
const passingMs = 15_000;

/**
 * Starts a pod of the agent's image for a moment (`--version`), with what the workload's pods pull and are placed by, and
 * deletes it. A native sidecar that cannot be pulled keeps the app down when its pods are next replaced, perhaps weeks
 * later; so it is tried first.
 *
 * Where a pod of the same service account runs the image already, no pod is made.
 * @throws INTERRUPTED, CLUSTER_UNREACHABLE and as Kubectl when the pod cannot be deleted
 */
export async function tryImage(options: ImageTrialOptions): Promise<ImageTrial> {
  const { kubectl, afterwards, namespace, container, like } = options;
  const begun = performance.now();
  if (await runsAlready(options)) return { outcome: 'starts', seconds: 0 };
  const pullSecrets = await secretsFor(options);
  const pod = imageTrialPod({ container, like, pullSecrets, deadlineSeconds: secondsOf(options) + 30 });
  let name: string;
  try {
    const args = ['create', '--namespace', namespace, '-f', '-', '-o', 'json'];
    const { stdout } = await kubectl(args, { input: JSON.stringify(pod), timeoutSeconds: 60 });
    name = (parseAnswer(stdout, args) as ImageTrialPod).metadata.name;
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return { outcome: 'unknown', why: `no pod can be made to try it: ${error.message}` };
  }
  try {
    return await watch(options, name, begun);
  } finally {
    await afterwards(['delete', 'pod', name, '--namespace', namespace, '--ignore-not-found', '--grace-period=1', '--wait=false']);
  }
}

function secondsOf({ timeoutSeconds = 90 }: ImageTrialOptions): number {
  return timeoutSeconds;
}

async function watch(options: ImageTrialOptions, name: string, begun: number): Promise<ImageTrial> {
  const { kubectl, namespace, signal, report } = options;
  const elapsed = (): number => performance.now() - begun;
  let reported = elapsed();
  let failingSince: number | undefined;
  for (;;) {
    const pod = await unlessForbidden(async () => kubectlJson<ImageTrialPod>(kubectl, ['get', 'pod', name, '--namespace', namespace]));
    if (pod === undefined) return { outcome: 'unknown', why: `you may not get pods in namespace ${namespace}` };
    const { state, reason, message, node } = judgeTrial(pod);
    const seconds = Math.round(elapsed() / 100) / 10;
    if (state === 'starts') return { outcome: 'starts', ...node, seconds };
    failingSince = state === 'failing' ? (failingSince ?? elapsed()) : undefined;
    const lasts = failingSince !== undefined && elapsed() - failingSince > passingMs;
    if (state === 'failed' || lasts) return { outcome: 'fails', reason, message, ...node };
    if (elapsed() > secondsOf(options) * 1000) return { outcome: 'unknown', why: stillWaiting(reason, message, secondsOf(options)) };
    if (elapsed() - reported > reportEveryMs) {
      reported = elapsed();
      report(`image ${options.container.image ?? ''} in namespace ${namespace}: ${reason === '' ? 'waiting' : reason} (${Math.round(seconds)}s)`);
    }
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

function stillWaiting(reason: string, message: string, seconds: number): string {
  const why = [reason, message].filter((part) => part !== '').join(': ');
  return `its pod did not start within ${seconds}s${why === '' ? '' : `: ${why}`}`;
}

interface RunningPod extends PodTemplate {
  readonly status?: { readonly initContainerStatuses?: readonly { readonly name: string; readonly started?: boolean }[] };
}

/** In a larger namespace the image may be tried although a pod beyond these runs it. */
const mostPods = 5000;

/** Whether a pod of the same account runs this very image there: what it proves, a trial would only prove again. */
async function runsAlready({ kubectl, namespace, container, like }: ImageTrialOptions): Promise<boolean> {
  const isSame = ({ spec, status }: RunningPod): boolean => {
    const started = status?.initContainerStatuses?.some((one) => one.name === containerName && one.started === true) === true;
    const image = spec?.initContainers?.find(({ name }) => name === containerName)?.image;
    return started && image === container.image && accountOf(spec) === accountOf(like.spec);
  };
  const request = { kind: 'pods', namespace, fieldSelector: 'status.phase=Running' } as const;
  const found = await unlessForbidden(async () => readUpTo(kubectl, request, mostPods, (pod) => (isSame(pod as unknown as RunningPod) ? true : undefined)));
  return found !== undefined && found.kept.length > 0;
}

function accountOf(spec: PodTemplate['spec']): string {
  const name = spec?.['serviceAccountName'];
  return typeof name === 'string' && name !== '' ? name : 'default';
}

/** A pod that names pull secrets gets none of its service account's (plugin/pkg/admission/serviceaccount): add them here. */
async function secretsFor({ kubectl, namespace, like, pullSecrets }: ImageTrialOptions): Promise<readonly LocalObjectReference[]> {
  const own = like.spec?.imagePullSecrets ?? [];
  if (own.length > 0 || pullSecrets.length === 0) return [...own, ...pullSecrets];
  try {
    const accounts = await unlessForbidden(async () =>
      readSome<{ readonly imagePullSecrets?: readonly LocalObjectReference[] }>(kubectl, ['get', 'serviceaccount', accountOf(like.spec), '--namespace', namespace]),
    );
    return [...(accounts?.[0]?.imagePullSecrets ?? []), ...pullSecrets];
  } catch (error) {
    if (isCodedError(error) && error.code === 'NOT_FOUND') return pullSecrets;
    throw error;
  }
}
