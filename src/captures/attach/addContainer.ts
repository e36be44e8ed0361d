import { codedError, isCodedError, type CodedError } from '../../errors.ts';
import type { PodSecurityLevel } from '../../inject/index.ts';
import type { PatchOperation, Pod } from '../../kubernetes/api/types.ts';
import { type Kubectl, kubectlJson } from '../../kubernetes/kubectl.ts';
import { inPrivateFile } from '../../kubernetes/privateFile.ts';
import { fieldManager, sendPatch } from '../../kubernetes/sendPatch.ts';
import { sinceKubernetes } from '../../minimums.ts';
import { planAttach, type AttachOptions, type AttachPlan } from '../../ways/attach/index.ts';
import { pause } from '../pause.ts';

/** How a pod gets the container. With `dryRun` the API server judges the patch and does not store it. */
export interface AddOptions extends Omit<AttachOptions, 'podSecurity'> {
  readonly kubectl: Kubectl;
  /** Of the namespace; undefined when it may not be read: the API server's refusal then shows it. */
  readonly podSecurity: PodSecurityLevel | undefined;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The pod as it was judged last, and what was done with it. */
export interface Added {
  readonly pod: Pod;
  readonly plan: AttachPlan;
}

type PlannedAttach = Extract<AttachPlan, { readonly kind: 'attach' }>;

/** Each attempt reads the pod again; a kubelet that is busy with a pod changes it some times a second. */
const mostAttempts = 20;
/** Milliseconds before another attempt: a random part of them, so that colliding commands do not collide again. */
const againWithin = 300;

/**
 * Adds the agent's container to a pod, unless one is there. Of many commands at the same moment one succeeds, and
 * the others find its container: the patch applies only to the version of the pod that was judged.
 * @throws ADMISSION_DENIED, CONFLICT, FORBIDDEN, NOT_FOUND and as Kubectl
 */
export async function addContainer(options: AddOptions, found: Pod): Promise<Added> {
  let [pod, podSecurity] = [found, options.podSecurity ?? 'privileged'];
  for (let attempt = 1; ; attempt += 1) {
    const plan = planAttach(pod, { ...options, podSecurity });
    if (plan.kind !== 'attach') return { pod, plan };
    try {
      await send(options, pod, plan);
      return { pod, plan };
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (error.code === 'POD_SECURITY') podSecurity = stricter(podSecurity);
      else if (!isConflict(error) || attempt === mostAttempts) throw error;
      else {
        await pause(Math.random() * againWithin, options.signal);
        pod = await readAgain(options.kubectl, pod);
      }
    }
  }
}

/** By label or not: the cluster can enforce a level where the namespace has no label. */
function stricter(level: PodSecurityLevel): PodSecurityLevel {
  return level === 'privileged' ? 'baseline' : 'restricted';
}

/** Somebody changed the pod, or added a container of the same name, after it was read. */
function isConflict({ code, message }: CodedError): boolean {
  return code === 'CONFLICT' || (code === 'KUBECTL_FAILED' && /Duplicate value|may not be removed/.test(message));
}

async function readAgain(kubectl: Kubectl, { metadata }: Pod): Promise<Pod> {
  const { name, namespace = 'default', uid } = metadata;
  const pod = await kubectlJson<Pod>(kubectl, ['get', `pod/${name}`, '--namespace', namespace]);
  if (pod.metadata.uid === uid) return pod;
  throw codedError('NOT_FOUND', 'another pod has its name now', { where: `pod/${name} in namespace ${namespace}` });
}

/** The JSON Patch for the subresource `ephemeralcontainers`; it applies only to this version of this pod. Pure. */
export function attachPatch({ metadata, spec }: Pod, { container }: PlannedAttach): PatchOperation[] {
  const list = '/spec/ephemeralContainers';
  const present = Array.isArray(spec?.['ephemeralContainers']) && spec['ephemeralContainers'].length > 0;
  return [
    { op: 'test', path: '/metadata/uid', value: metadata.uid },
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    present ? { op: 'add', path: `${list}/-`, value: container } : { op: 'add', path: list, value: [container] },
  ];
}

async function send(options: AddOptions, pod: Pod, plan: PlannedAttach): Promise<void> {
  const { name, namespace = 'default' } = pod.metadata;
  const [subresource, operations] = ['ephemeralcontainers', attachPatch(pod, plan)];
  try {
    await sendPatch(options.kubectl, {
      target: `pod/${name}`,
      namespace,
      subresource,
      operations,
      dryRun: options.dryRun,
      quiet: true,
    });
  } catch (error) {
    if (!isCodedError(error) || !/invalid subresource/i.test(error.message)) throw error;
    await sendWhole(options, pod, plan);
  }
}

/**
 * For kubectl before 1.32, whose `patch` does not know this part of a pod: sends the whole pod with the container. The
 * API server takes only the ephemeral containers from it, and only if nobody else has changed the pod.
 * @throws REQUIREMENT_MISSING without the right to update, which kubectl 1.32 does not need, if the cluster did not
 * answer before; and as Kubectl
 */
async function sendWhole({ kubectl, dryRun }: AddOptions, judged: Pod, { container }: PlannedAttach): Promise<void> {
  const pod = await readAgain(kubectl, judged);
  const { name, namespace = 'default', resourceVersion } = pod.metadata;
  if (resourceVersion !== judged.metadata.resourceVersion)
    throw codedError('CONFLICT', 'somebody else changed the pod', { where: `pod/${name} in namespace ${namespace}` });
  const others = (pod.spec?.['ephemeralContainers'] ?? []) as readonly object[];
  const changed = { ...pod, spec: { ...pod.spec, ephemeralContainers: [...others, container] } };
  const query = `fieldManager=${fieldManager}${dryRun ? '&dryRun=All' : ''}`;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/ephemeralcontainers?${query}`;
  try {
    // Not as an argument: every user can read arguments.
    await inPrivateFile('pod.json', JSON.stringify(changed), async (file) =>
      kubectl(['replace', `--raw=${path}`, '--filename', file], { timeoutSeconds: 60, quiet: true }),
    );
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'FORBIDDEN') throw error;
    throw codedError('REQUIREMENT_MISSING', 'this kubectl cannot patch the ephemeral containers of a pod', {
      hint: `Use kubectl ${sinceKubernetes('kubectlPatchesEphemeralContainers')} or later (the environment variable KUBECTL names another one), or ask for the right to update pods/ephemeralcontainers.`,
      cause: error,
    });
  }
}
