import type { Container, LocalObjectReference, PodSpec, PodTemplate } from '../kubernetes/api/types.ts';
import { injectAnnotation } from '../settings/index.ts';
import { agentProgram, restrictedSecurityContext } from '../sidecar/index.ts';

/** A pod that was created to try an image. */
export interface ImageTrialPod {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly { readonly state?: TrialState }[];
  };
}

interface TrialState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: unknown;
  readonly terminated?: { readonly reason?: string; readonly message?: string; readonly exitCode?: number };
}

/** The pod of a trial, which runs where pods of `like` would run. */
export interface ImageTrialPodOptions {
  readonly name: string;
  readonly container: Container;
  readonly like: PodTemplate;
  readonly pullSecrets: readonly LocalObjectReference[];
  /** The kubelet stops the pod after so many seconds, if nobody has deleted it. */
  readonly deadlineSeconds: number;
}

/** The label that tells what the pod is for; no Service of the app selects it. */
export const trialName = 'packet-capture-image-trial';

/** The fields that determine on which node a pod runs, and with which credentials its images are pulled. */
const placing = [
  'serviceAccountName',
  'nodeSelector',
  'tolerations',
  'runtimeClassName',
  'schedulerName',
  'priorityClassName',
  'os',
] as const;

/**
 * The manifest of a pod that starts the agent's image for a moment. It meets Pod Security `restricted`, has no token,
 * and no injector mistakes it for a pod of the app.
 */
export function imageTrialPod({ name, container, like, pullSecrets, deadlineSeconds }: ImageTrialPodOptions): object {
  const { image, imagePullPolicy, resources, securityContext } = container as Container & {
    readonly securityContext?: object;
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { 'app.kubernetes.io/name': trialName, 'sidecar.istio.io/inject': 'false' },
      annotations: { [injectAnnotation]: 'false', 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' },
    },
    spec: {
      ...trialPlacement(like.spec ?? {}),
      ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets }),
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      activeDeadlineSeconds: deadlineSeconds,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'agent',
          image,
          imagePullPolicy,
          command: [agentProgram, '--version'],
          resources,
          securityContext: { ...securityContext, ...restrictedSecurityContext },
          terminationMessagePolicy: 'FallbackToLogsOnError',
        },
      ],
    },
  };
}

/** The fields of a pod that determine where an image is pulled, and with which credentials. */
export function trialPlacement(spec: PodSpec): object {
  const { nodeAffinity } = (spec['affinity'] ?? {}) as { readonly nodeAffinity?: object };
  return {
    ...Object.fromEntries(placing.flatMap((key) => (spec[key] == null ? [] : [[key, spec[key]]]))),
    ...(nodeAffinity === undefined ? {} : { affinity: { nodeAffinity } }),
  };
}

/** What the status of a trial's pod says. `reason` is the kubelet's word, such as ErrImagePull. */
export interface TrialJudgement {
  /** `failing`: a temporary error; `failed`: a permanent one. */
  readonly state: 'waiting' | 'starts' | 'failing' | 'failed';
  readonly reason: string;
  readonly message: string;
  /** For spreading into a result; empty before the pod is on a node. */
  readonly node: { readonly node?: string };
}

/** The errors that a second try does not help. */
const lasting: readonly string[] = [
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
];
/** Messages of registries and runtimes about an image that does not exist or needs credentials. */
const lastingWords =
  /not found|manifest unknown|no match for platform|unauthorized|authorization failed|denied|exec format error/i;

/** The state of a trial, from the pod's status. */
export function judgeTrial({ spec, status = {} }: ImageTrialPod): TrialJudgement {
  const node = spec?.nodeName === undefined ? {} : { node: spec.nodeName };
  const { waiting, running, terminated } = status.containerStatuses?.[0]?.state ?? {};
  // An agent older than `--version` keeps running: its image was pulled and started.
  if (running !== undefined || terminated?.exitCode === 0) return { state: 'starts', reason: '', message: '', node };
  if (terminated !== undefined) return { state: 'failed', ...endOf(terminated), node };
  const { reason = '', message = '' } = waiting ?? unplaced(status) ?? {};
  return { state: stateOf(reason, message), reason, message, node };
}

function endOf({
  reason = 'Error',
  message = '',
  exitCode,
}: NonNullable<TrialState['terminated']>): Pick<TrialJudgement, 'reason' | 'message'> {
  const words = message.trim();
  return { reason, message: words === '' ? `exit code ${exitCode ?? 'unknown'}` : words };
}

/** Why the pod is not on a node. */
function unplaced({ conditions }: NonNullable<ImageTrialPod['status']>): TrialState['waiting'] {
  return conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
}

function stateOf(reason: string, message: string): TrialJudgement['state'] {
  if (lasting.includes(reason)) return 'failed';
  if (
    !/^(?:ErrImagePull|ImagePullBackOff|ImageInspectError|RegistryUnavailable|ErrSignatureValidation\w*|SignatureValidationFailed)$/.test(
      reason,
    )
  )
    return 'waiting';
  return lastingWords.test(message) ? 'failed' : 'failing';
}
