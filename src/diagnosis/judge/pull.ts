import { agentContainer, imageProblem } from '../../dryRun/imageCheck.ts';
import { tryImage, type ImageTrial } from '../../dryRun/imageTrial.ts';
import { rethrowUnlessRecoverable } from '../../errors.ts';
import type { WorkloadObject, Container, LocalObjectReference, PodTemplate } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import type { Inventory } from '../read/inventory.ts';
import { templateOf } from '../read/podOwners.ts';
import type { ReleaseState } from '../read/releaseState.ts';
import { finding, type Finding } from './checkFindings.ts';
import { judge } from './judge.ts';
import { askedFor } from './nextPod.ts';
import { subjectIn } from './tried.ts';

/** How the agent's image is tested. Each test makes a short-lived pod. */
export interface PullOptions {
  readonly kubectl: Kubectl;
  /** Works after Ctrl-C too, so that the pods are always deleted. */
  readonly afterwards: Kubectl;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/** An image in a namespace, and a workload whose pods will pull it there. */
interface Pull {
  readonly namespace: string;
  readonly container: Container;
  readonly pullSecrets: readonly LocalObjectReference[];
  readonly like: PodTemplate;
}

/** Each test creates a pod for some seconds, so these limit how many there are, how many run at once, and how long. */
const most = 50;
const together = 4;
const budgetMs = 300_000;

/**
 * Starts the agent's image for a moment in each namespace where workloads ask for the sidecar or have it.
 * @returns the findings for `check`
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function pullFindings(
  options: PullOptions,
  inventory: Inventory,
  states: readonly ReleaseState[] | undefined,
): Promise<Finding[]> {
  const pulls = pullsOf(inventory, states);
  const waiting = pulls.slice(0, most);
  const deadline = performance.now() + budgetMs;
  const findings: Finding[] = [];
  const work = async (): Promise<void> => {
    for (
      let next = waiting.shift();
      next !== undefined;
      next = performance.now() < deadline ? waiting.shift() : undefined
    ) {
      findings.push(findingOf(next, await trialOf(options, next)));
    }
  };
  await Promise.all(Array.from({ length: together }, work));
  const left = pulls.length - findings.length;
  const sorted = findings.toSorted((a, b) => a.where.localeCompare(b.where));
  return left === 0
    ? sorted
    : [...sorted, finding('pull_unknown', 'the cluster', `${left} more namespaces were not tested`)];
}

async function trialOf(options: PullOptions, pull: Pull): Promise<ImageTrial> {
  try {
    return await tryImage({ ...options, ...pull });
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return { outcome: 'unknown', why: error.message };
  }
}

/** One workload for each combination of image and service account in a namespace. Pure. */
export function pullsOf(inventory: Inventory, states: readonly ReleaseState[] | undefined): readonly Pull[] {
  const pulls = new Map<string, Pull>();
  for (const object of inventory.workloads ?? []) {
    const pull = pullOf(inventory, object, states);
    if (pull === undefined) continue;
    const key = JSON.stringify([
      pull.namespace,
      pull.container.image,
      pull.like.spec?.['serviceAccountName'],
      pull.like.spec?.nodeSelector,
    ]);
    if (!pulls.has(key)) pulls.set(key, pull);
  }
  return [...pulls.values()];
}

function pullOf(
  inventory: Inventory,
  object: WorkloadObject,
  states: readonly ReleaseState[] | undefined,
): Pull | undefined {
  // Objects that a Deployment or a CronJob owns have the same template, so they are left out.
  if (object.metadata.ownerReferences?.some(({ controller }) => controller === true) === true) return undefined;
  const subject = subjectIn(inventory, object);
  const { carries, reason, facts } = judge(subject, states);
  if (!carries && (facts === undefined || reason !== undefined)) return undefined;
  const { with: present, injected } = askedFor(subject, object, facts);
  const container = agentContainer(injected ?? present);
  const like = templateOf({ ...object, name: object.metadata.name, object });
  if (container === undefined || like === undefined) return undefined;
  const own = new Set((like.spec?.imagePullSecrets ?? []).map(({ name }) => name));
  const pullSecrets = (injected?.spec?.imagePullSecrets ?? []).filter(({ name }) => !own.has(name));
  return { namespace: subject.namespace, container, pullSecrets, like };
}

function findingOf({ namespace, container: { image = '' } }: Pull, trial: ImageTrial): Finding {
  const where = `namespace ${namespace}`;
  if (trial.outcome === 'fails') return finding('pull_fails', where, imageProblem(image, namespace, trial));
  if (trial.outcome === 'unknown') return finding('pull_unknown', where, `${image}: ${trial.why}`);
  return finding(
    'pull_works',
    where,
    trial.node === undefined ? `${image} runs there` : `${image}, on node ${trial.node}`,
  );
}
