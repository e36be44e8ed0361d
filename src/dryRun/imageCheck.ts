import { codedError } from '../errors.ts';
import type { Container, PodTemplate } from '../kubernetes/api/types.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import type { Workload } from '../kubernetes/workload.ts';
import { containerName } from '../sidecar/index.ts';
import { tryImage, type ImageTrial } from './imageTrial.ts';

/** The workload whose pods need the image. `afterwards` works after Ctrl-C too; by default it is `kubectl`. */
export interface ImageCheck {
  readonly kubectl: Kubectl;
  readonly afterwards?: Kubectl | undefined;
  readonly workload: Workload;
  /** The pod template with the sidecar, as the API server would store it. */
  readonly stored: PodTemplate;
  /** In a dry run no pod is created, not even for a moment. */
  readonly dryRun: boolean;
  /** Turns a failure into a warning. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly report: (line: string) => void;
}

/**
 * Checks that the agent's image can be pulled and started where a workload's pods run, before its pod template is
 * changed. A custom sidecar is not tried, because the command that its image needs is unknown.
 * @returns warnings
 * @throws IMAGE_UNUSABLE and as {@link tryImage}
 */
export async function checkImage({ workload, stored, dryRun, force, ...options }: ImageCheck): Promise<string[]> {
  const container = agentContainer(stored);
  if (container === undefined) return [];
  const { image = '' } = container;
  if (dryRun) return [`a dry run does not check whether the image ${image} can be pulled`];
  const { namespace } = workload;
  const { kubectl, afterwards = kubectl } = options;
  const trial = await tryImage({
    ...options,
    afterwards,
    namespace,
    container,
    pullSecrets: [],
    like: workload.template,
  });
  if (trial.outcome === 'starts') return [];
  if (trial.outcome === 'unknown')
    return [`it is not known whether the image ${image} can be pulled in namespace ${namespace}: ${trial.why}`];
  const what = imageProblem(image, namespace, trial);
  if (force) return [`${what}; changed anyway (--force)`];
  const hint = `A pod whose native sidecar does not start never runs its app. ${imageRemedy} Nothing was changed; --force changes it anyway.`;
  throw codedError('IMAGE_UNUSABLE', what, { where: workload.where, hint });
}

/** What to do about an image that cannot be started. */
export const imageRemedy = 'Check the name, the tag, the architecture, and the pull secret in that namespace.';

/** A clause: `the image IMAGE cannot be started in namespace shop, on node n1: ErrImagePull: …` */
export function imageProblem(
  image: string,
  namespace: string,
  { node, reason, message }: Extract<ImageTrial, { readonly outcome: 'fails' }>,
): string {
  const place = node === undefined ? `in namespace ${namespace}` : `in namespace ${namespace}, on node ${node}`;
  return `the image ${image} cannot be started ${place}: ${[reason, message].filter((part) => part !== '').join(': ')}`;
}

/** The container that captures in a pod template with our agent; undefined in other templates. */
export function agentContainer({ spec }: PodTemplate): Container | undefined {
  return spec?.initContainers?.find(({ name }) => name === containerName);
}
