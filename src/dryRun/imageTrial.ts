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
  /** `like` has the pull secrets of its service account already: it is what the API server made. Default false. */
  readonly admitted?: boolean | undefined;
  /** Of the trial's pod, so that a right can name it; one that is left over is replaced. By default a new one. */
  readonly name?: string | undefined;
  readonly timeoutSeconds?: number | undefined;
  /** How long an error that may pass must last. By default 15,000. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes one line for people, now and then while it waits. */
  readonly report: (line: string) => void;
}

const pauseMs = 500;
const reportEveryMs = 5000;
/** A registry may hiccup: an error that need not last must last this long. */
const passingMs = 15_000;

/**
 * Starts a pod of the agent's image for a moment (`--version`), with what the workload's pods pull and are placed by,
 * and deletes it. A native sidecar that cannot be pulled keeps the app down when its pods are next replaced, perhaps
 * weeks later; so it is tried first.
 *
 * Where a pod of the same service account runs the image already, no pod is made.
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
    // Whatever came instead of an answer, the pod may be there.
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

/** By these the API server says that it has made nothing. */
const refusals: readonly ErrorCode[] = ['FORBIDDEN', 'POD_SECURITY', 'ADMISSION_DENIED', 'NOT_FOUND', 'CONFLICT'];
/** A pod that is left over is gone after its grace period of a second. */
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
      // Only a name that the caller gave can be taken.
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
      return { outcome: 'unknown', why: 'somebody else deleted its pod' };
    throw error;
  }
}

/** @returns undefined while it goes on; times in milliseconds since it began */
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

/** In a larger namespace the image may be tried although a pod beyond these runs it. */
const mostPods = 5000;

/**
 * Whether a pod of the same account, pull secrets and kind of node runs this very image there: what it proves, a trial
 * would only prove again.
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

/** What of a pod says on which nodes, and with which credentials, its images are pulled. */
function pulledBy(given: PodTemplate['spec']): object {
  const spec = given ?? {};
  const { nodeAffinity } = (spec['affinity'] ?? {}) as { readonly nodeAffinity?: object };
  return {
    account: accountOf(spec),
    secrets: (spec.imagePullSecrets ?? []).map(({ name }) => name).toSorted(),
    nodeSelector: spec['nodeSelector'] ?? {},
    // Of a DaemonSet's pod it names the node, which says nothing about others.
    nodeAffinity: nodeAffinity ?? {},
    runtimeClass: spec['runtimeClassName'] ?? '',
  };
}

function accountOf(spec: PodTemplate['spec']): string {
  const name = spec?.['serviceAccountName'];
  return typeof name === 'string' && name !== '' ? name : 'default';
}

/**
 * A pod that names pull secrets gets none of its service account's (plugin/pkg/admission/serviceaccount): add them
 * here.
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
