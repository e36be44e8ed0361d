import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { isCodedError, isForbidden, rethrowUnlessRecoverable, type ErrorCode } from '../errors.ts';
import type { Container, LocalObjectReference, PodTemplate } from '../kubernetes/api/types.ts';
import { kubectlJson, type Kubectl } from '../kubernetes/kubectl.ts';
import { readUpTo } from '../kubernetes/pages.ts';
import { readSome, unlessForbidden } from '../kubernetes/reading.ts';
import { containerName } from '../sidecar/index.ts';
import { imageTrialPod, judgeTrial, trialName, type ImageTrialPod, type TrialJudgement } from './imageTrialPod.ts';

/** Whether a node for the workload's pods can pull the image and start it. */
export type ImageTrial =
  /** It was started on a node, or a pod runs it already (then `node` is absent). */
  | { readonly outcome: 'starts'; readonly node?: string; readonly seconds: number }
  /** `reason` is the word of Kubernetes: ErrImagePull, ErrImageNeverPull, StartError, … */
  | { readonly outcome: 'fails'; readonly reason: string; readonly message: string; readonly node?: string }
  /** `why` is a clause for messages. */
  | { readonly outcome: 'unknown'; readonly why: string };

/** The container that is tried, and the pods that it is tried like. */
export interface ImageTrialOptions {
  readonly kubectl: Kubectl;
  /** A kubectl that goes on after Ctrl-C, so that the pod is deleted anyway. */
  readonly afterwards: Kubectl;
  readonly namespace: string;
  /** The container that captures, as in the workload's pods. */
  readonly container: Container;
  /** The pull secrets that injection adds to the pod's own; those of its service account are added too. */
  readonly pullSecrets: readonly LocalObjectReference[];
  /** The workload's pod template, whose node selector, tolerations, service account and pull secrets are used. */
  readonly like: PodTemplate;
  /** Whether `like` already has the pull secrets of its service account, as a stored pod does. By default false. */
  readonly admitted?: boolean | undefined;
  /** The name of the trial's pod, so that a right can name it; a leftover pod is replaced. By default a new name. */
  readonly name?: string | undefined;
  readonly timeoutSeconds?: number | undefined;
  /** How long a temporary error must last to count, in milliseconds. By default 15,000. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with a line of progress from time to time. */
  readonly report: (line: string) => void;
}

const pauseMs = 500;
const reportEveryMs = 5000;
/** A registry may fail for a moment, so a temporary error must last this long. */
const passingMs = 15_000;

/**
 * Starts a pod with the agent's image for a moment (`--version`), with the placement and the pull secrets of the
 * workload's pods, and deletes it. A native sidecar that cannot be pulled keeps the app from starting when its pods are
 * replaced, perhaps weeks later; so it is tried first.
 *
 * No pod is created if a pod with the same service account runs the image already.
 * @throws INTERRUPTED, CLUSTER_UNREACHABLE and as Kubectl when the pod cannot be deleted
 */
export async function tryImage(options: ImageTrialOptions): Promise<ImageTrial> {
  const { container, like, name = `${trialName}-${randomBytes(4).toString('hex')}` } = options;
  const begun = performance.now();
  const pullSecrets = await secretsFor(options);
  if (await runsAlready(options, pullSecrets)) return { outcome: 'starts', seconds: 0 };
  const deadlineSeconds = secondsOf(options) + 30;
  const pod = imageTrialPod({ name, container, like, pullSecrets, deadlineSeconds });
  try {
    await create(options, name, pod);
  } catch (error) {
    // Without an answer, the pod may exist anyway.
    if (!isCodedError(error) || !refusals.includes(error.code)) await remove(options, name).catch(() => undefined);
    rethrowUnlessRecoverable(error);
    return { outcome: 'unknown', why: `no pod can be created to try it: ${error.message}` };
  }
  try {
    return await watch(options, name, begun);
  } finally {
    await remove(options, name);
  }
}

/** The codes that mean that the API server has created nothing. */
const refusals: readonly ErrorCode[] = ['FORBIDDEN', 'POD_SECURITY', 'ADMISSION_DENIED', 'NOT_FOUND', 'CONFLICT'];
/** A leftover pod is gone after its grace period of one second. */
const replaceMs = 20_000;

async function create(options: ImageTrialOptions, name: string, pod: object): Promise<void> {
  const { kubectl, namespace } = options;
  const deadline = performance.now() + replaceMs;
  for (;;) {
    try {
      const args = ['create', '--namespace', namespace, '-f', '-', '-o', 'json'];
      await kubectl(args, { input: JSON.stringify(pod), timeoutSeconds: 60 });
      return;
    } catch (error) {
      // Only a name from the caller can exist already.
      const taken = isCodedError(error) && error.code === 'CONFLICT' && options.name !== undefined;
      if (!taken || performance.now() > deadline) throw error;
      await remove(options, name);
      await sleep(pauseMs);
    }
  }
}

async function remove({ afterwards, namespace }: ImageTrialOptions, name: string): Promise<void> {
  const quickly = ['--ignore-not-found', '--grace-period=1', '--wait=false'];
  await afterwards(['delete', 'pod', name, '--namespace', namespace, ...quickly]);
}

function secondsOf({ timeoutSeconds = 90 }: ImageTrialOptions): number {
  return timeoutSeconds;
}

async function watch(options: ImageTrialOptions, name: string, begun: number): Promise<ImageTrial> {
  const { signal } = options;
  const elapsed = (): number => performance.now() - begun;
  let reported = elapsed();
  let failingSince: number | undefined;
  for (;;) {
    const pod = await readTrial(options, name);
    if ('outcome' in pod) return pod;
    const judged = judgeTrial(pod);
    failingSince = judged.state === 'failing' ? (failingSince ?? elapsed()) : undefined;
    const end = endOfTrial(options, judged, elapsed(), failingSince);
    if (end !== undefined) return end;
    if (elapsed() - reported > reportEveryMs) {
      reported = elapsed();
      tellWaiting(options, judged, elapsed());
    }
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

async function readTrial(
  { kubectl, namespace }: ImageTrialOptions,
  name: string,
): Promise<ImageTrialPod | Extract<ImageTrial, { readonly outcome: 'unknown' }>> {
  try {
    return await kubectlJson<ImageTrialPod>(kubectl, ['get', 'pod', name, '--namespace', namespace]);
  } catch (error) {
    if (isForbidden(error)) return { outcome: 'unknown', why: `you may not get pods in namespace ${namespace}` };
    if (isCodedError(error) && error.code === 'NOT_FOUND')
      return { outcome: 'unknown', why: 'its pod was deleted by somebody else' };
    throw error;
  }
}

/** The result so far; undefined while the trial goes on. Times are milliseconds since its start. */
function endOfTrial(
  options: ImageTrialOptions,
  { state, reason, message, node }: TrialJudgement,
  elapsed: number,
  failingSince = Infinity,
): ImageTrial | undefined {
  if (state === 'starts') return { outcome: 'starts', ...node, seconds: Math.round(elapsed / 100) / 10 };
  const lasts = elapsed - failingSince >= (options.patienceMs ?? passingMs);
  const late = elapsed > secondsOf(options) * 1000;
  if (state === 'failed' || lasts || (late && state === 'failing'))
    return { outcome: 'fails', reason, message, ...node };
  return late ? { outcome: 'unknown', why: stillWaiting(reason, message, secondsOf(options)) } : undefined;
}

function tellWaiting(
  { container, namespace, report }: ImageTrialOptions,
  { reason }: TrialJudgement,
  elapsed: number,
): void {
  report(
    `image ${container.image ?? ''} in namespace ${namespace}: ${reason === '' ? 'waiting' : reason} (${Math.round(elapsed / 1000)}s)`,
  );
}

function stillWaiting(reason: string, message: string, seconds: number): string {
  const why = [reason, message].filter((part) => part !== '').join(': ');
  return `its pod did not start within ${seconds}s${why === '' ? '' : `: ${why}`}`;
}

interface RunningPod extends PodTemplate {
  readonly status?: {
    readonly initContainerStatuses?: readonly { readonly name: string; readonly started?: boolean }[];
  };
}

/** So many pods are searched. In a larger namespace the image may be tried although another pod runs it. */
const mostPods = 5000;

/**
 * Whether a pod with the same service account, pull secrets and kind of node runs this image already. Then a trial
 * would show nothing new.
 */
async function runsAlready(
  { kubectl, namespace, container, like }: ImageTrialOptions,
  pullSecrets: readonly LocalObjectReference[],
): Promise<boolean> {
  const wanted = pulledBy({ ...like.spec, imagePullSecrets: pullSecrets });
  const isSame = ({ spec, status }: RunningPod): boolean => {
    const started =
      status?.initContainerStatuses?.some((one) => one.name === containerName && one.started === true) === true;
    const image = spec?.initContainers?.find(({ name }) => name === containerName)?.image;
    return started && image === container.image && isDeepStrictEqual(pulledBy(spec), wanted);
  };
  const request = { kind: 'pods', namespace, fieldSelector: 'status.phase=Running' } as const;
  const found = await unlessForbidden(async () =>
    readUpTo(kubectl, request, mostPods, (pod) => (isSame(pod as unknown as RunningPod) ? true : undefined)),
  );
  return found !== undefined && found.kept.length > 0;
}

/** The fields of a pod that determine on which nodes, and with which credentials, its images are pulled. */
function pulledBy(given: PodTemplate['spec']): object {
  const spec = given ?? {};
  const { nodeAffinity } = (spec['affinity'] ?? {}) as { readonly nodeAffinity?: object };
  return {
    account: accountOf(spec),
    secrets: (spec.imagePullSecrets ?? []).map(({ name }) => name).toSorted(),
    nodeSelector: spec['nodeSelector'] ?? {},
    // For a DaemonSet's pod, the affinity only names its node.
    nodeAffinity: nodeAffinity ?? {},
    runtimeClass: spec['runtimeClassName'] ?? '',
  };
}

function accountOf(spec: PodTemplate['spec']): string {
  const name = spec?.['serviceAccountName'];
  return typeof name === 'string' && name !== '' ? name : 'default';
}

/**
 * A pod that names pull secrets does not get those of its service account (plugin/pkg/admission/serviceaccount), so
 * they are added here.
 */
async function secretsFor({
  kubectl,
  namespace,
  like,
  admitted,
  pullSecrets,
}: ImageTrialOptions): Promise<readonly LocalObjectReference[]> {
  const own = like.spec?.imagePullSecrets ?? [];
  if (own.length > 0 || admitted === true) return [...own, ...pullSecrets];
  try {
    const accounts = await unlessForbidden(async () =>
      readSome<{ readonly imagePullSecrets?: readonly LocalObjectReference[] }>(kubectl, [
        'get',
        'serviceaccount',
        accountOf(like.spec),
        '--namespace',
        namespace,
      ]),
    );
    return [...(accounts?.[0]?.imagePullSecrets ?? []), ...pullSecrets];
  } catch (error) {
    if (isCodedError(error) && error.code === 'NOT_FOUND') return pullSecrets;
    throw error;
  }
}
