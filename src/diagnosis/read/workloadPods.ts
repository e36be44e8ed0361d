import { selectorOf, selectorText } from '../../kubernetes/api/labels.ts';
import { isLiving } from '../../kubernetes/api/pods.ts';
import type { WorkloadObject, Pod } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { controllerOf, managedByAnother } from '../../kubernetes/owners.ts';
import { readPages } from '../../kubernetes/pages.ts';
import { unlessForbidden } from '../../kubernetes/reading.ts';
import { createSlimmer } from '../../kubernetes/slim.ts';

/** The most Jobs of a CronJob whose pods are listed: their names must fit into one query. */
const mostJobs = 50;

/**
 * The living pods of a workload; undefined for kinds that select none, or when they may not be listed. @throws as
 * Kubectl
 */
export async function podsOf(kubectl: Kubectl, object: WorkloadObject, namespace: string): Promise<Pod[] | undefined> {
  return unlessForbidden(async () => {
    const labelSelector =
      object.kind === 'CronJob' ? await selectorOfRuns(kubectl, object, namespace) : selectorText(selectorOf(object));
    if (labelSelector === undefined) return [];
    if (labelSelector === '') return undefined;
    const slim = createSlimmer();
    return readPages(kubectl, { kind: 'pods', namespace, labelSelector }, (listed) => {
      const pod = slim<Pod>(listed);
      return isLiving(pod) && !managedByAnother(object, pod.metadata) ? pod : undefined;
    });
  });
}

/** A selector for the pods of a CronJob's current runs; undefined when there are none. */
async function selectorOfRuns(
  kubectl: Kubectl,
  { metadata }: WorkloadObject,
  namespace: string,
): Promise<string | undefined> {
  const jobs = await readPages(kubectl, { kind: 'jobs', namespace }, (job) => {
    const owner = controllerOf(job.metadata);
    const { active = 0 } = (job['status'] ?? {}) as { readonly active?: number };
    return owner?.kind === 'CronJob' && owner.name === metadata.name && active > 0 ? job.metadata.name : undefined;
  });
  return jobs.length === 0 ? undefined : `batch.kubernetes.io/job-name in (${jobs.slice(-mostJobs).join(',')})`;
}
