import { dryRunPods, type PodVerdict } from '../../dryRun/index.ts';
import { refuserText } from '../../dryRun/podCheck.ts';
import { rethrowUnlessRecoverable } from '../../errors.ts';
import { objectName, type WorkloadObject } from '../../kubernetes/api/types.ts';
import { mostEvents } from '../../kubernetes/events.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { failingWorkloads, readFailedCreations } from '../read/failedCreation.ts';
import type { Inventory } from '../read/inventory.ts';
import type { ReleaseState } from '../read/releaseState.ts';
import { finding, type Finding } from './checkFindings.ts';
import type { Subject } from './conditions.ts';
import { judge } from './judge.ts';
import { askedFor, subjectOfTemplate } from './nextPod.ts';

/** A workload whose pods could not be created, and the API server's verdict on the next one. */
export interface Tried {
  readonly object: WorkloadObject;
  readonly verdict: PodVerdict;
}

/** The results for the workloads whose pods could not be created. */
export interface Trial {
  readonly tried: readonly Tried[];
  /** Workloads that were not tested: there were too many, or the time was up. */
  readonly leftOut: readonly WorkloadObject[];
  /** Not all events about such workloads were read; default false. */
  readonly unreadEvents?: boolean;
}

/** A check must end on large clusters too, so these limit how many are tested, how many at once, and how long. */
const most = 40;
const together = 4;
const budgetMs = 60_000;
const timeoutSeconds = 20;

/**
 * Tests the workloads that ask for the sidecar, or have it, and whose pods could not be created: with the sidecar and
 * without it, in a dry run. @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function tryFailing(
  kubectl: Kubectl,
  namespace: string | undefined,
  inventory: Inventory,
  states: readonly ReleaseState[] | undefined,
): Promise<Trial> {
  const { workloads = [] } = inventory;
  if (workloads.length === 0) return { tried: [], leftOut: [] };
  const failed = await readFailedCreations(kubectl, namespace);
  const failing = failingWorkloads(workloads, failed);
  const concerned = failing.flatMap((object) => {
    const subject = subjectIn(inventory, object);
    const { carries, asks, facts } = judge(subject, states);
    return carries || asks ? [{ object, subject, facts }] : [];
  });
  const deadline = performance.now() + budgetMs;
  const tried: Tried[] = [];
  const waiting = concerned.slice(0, most);
  const work = async (): Promise<void> => {
    for (
      let next = waiting.shift();
      next !== undefined;
      next = performance.now() < deadline ? waiting.shift() : undefined
    ) {
      const { object, subject, facts } = next;
      tried.push({ object, verdict: await verdictOf(kubectl, subject, askedFor(subject, object, facts)) });
    }
  };
  await Promise.all(Array.from({ length: together }, work));
  const done = new Set(tried.map(({ object }) => object));
  return {
    tried,
    leftOut: concerned.map(({ object }) => object).filter((object) => !done.has(object)),
    unreadEvents: failed?.complete === false,
  };
}

async function verdictOf(
  kubectl: Kubectl,
  { namespace }: Subject,
  asked: ReturnType<typeof askedFor>,
): Promise<PodVerdict> {
  try {
    return await dryRunPods({ kubectl, namespace, timeoutSeconds, ...asked });
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return { outcome: 'unknown', why: error.message };
  }
}

/** The pod that a workload's template makes, with its namespace and its owners. Pure. */
export function subjectIn({ namespaces }: Inventory, object: WorkloadObject): Subject {
  const namespace = object.metadata.namespace ?? 'default';
  const labels = namespaces?.find(({ metadata }) => metadata.name === namespace)?.metadata.labels;
  return subjectOfTemplate(object, namespace, namespaces === undefined ? undefined : (labels ?? {}));
}

/** The findings for `check`. Pure. */
export function triedFindings({ tried, leftOut, unreadEvents = false }: Trial): Finding[] {
  const unread = `only the first ${mostEvents} events about pods that could not be created were read; apart from these, workloads that lack pods were tested`;
  const found = [
    ...tried.toSorted((a, b) => placeOf(a.object).localeCompare(placeOf(b.object))).flatMap(findingOf),
    ...(unreadEvents ? [finding('pods_untried', 'the cluster', unread)] : []),
  ];
  if (leftOut.length === 0) return found;
  const shown = leftOut.slice(0, 5).map(placeOf);
  const more = leftOut.length > shown.length ? `, and ${leftOut.length - shown.length} more` : '';
  return [...found, finding('pods_untried', 'the cluster', `not tested: ${shown.join(', ')}${more}`)];
}

function findingOf({ object, verdict }: Tried): Finding[] {
  const where = placeOf(object);
  if (verdict.outcome === 'fits') return [];
  if (verdict.outcome === 'unknown') return [finding('pods_untried', where, verdict.why)];
  const what = `${refuserText(verdict.refusal)}: ${verdict.refusal.words}`;
  if (verdict.outcome === 'refused_anyway') return [finding('pods_refused', where, what)];
  return [finding('pods_refused_by_sidecar', where, what, verdict.remedy.text)];
}

function placeOf(object: WorkloadObject): string {
  return `${objectName(object)} in ${object.metadata.namespace ?? ''}`;
}
