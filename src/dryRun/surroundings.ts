import { selectorOf, selectorText } from '../kubernetes/api/labels.ts';
import { hasEnded } from '../kubernetes/api/pods.ts';
import type { PodSpec, PodTemplate, Metadata, WorkloadObject } from '../kubernetes/api/types.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import { managedByAnother } from '../kubernetes/owners.ts';
import { readUpTo, type PartOfList } from '../kubernetes/pages.ts';
import { readSome, unlessForbidden } from '../kubernetes/reading.ts';
import { createSlimmer } from '../kubernetes/slim.ts';
import type { LimitRange } from './limitRange.ts';
import type { ResourceQuota } from './quota.ts';

/** The limits in a workload's namespace; undefined means that the user may not read them. */
export interface Surroundings {
  readonly limitRanges: readonly LimitRange[] | undefined;
  readonly quotas: readonly ResourceQuota[] | undefined;
  /** The pods of the workload that count in quotas now; empty without a quota. */
  readonly present: readonly PodSpec[] | undefined;
  /** Whether the workload has more pods than are counted: then `present` is undefined. */
  readonly tooMany?: boolean;
}

type CountedPod = PodTemplate & { readonly metadata: Metadata; readonly status?: { readonly phase?: string } };

/** The most pods of one workload that are counted: their specs are read in pages and kept in memory. */
export const mostPresent = 10_000;

/** Reads the limits in a namespace. @throws as Kubectl */
export async function readSurroundings(
  kubectl: Kubectl,
  namespace: string,
  object: WorkloadObject,
): Promise<Surroundings> {
  const read = async <T>(type: string): Promise<T[] | undefined> =>
    unlessForbidden(async () => readSome<T>(kubectl, ['get', type, '--namespace', namespace]));
  const [limitRanges, quotas] = await Promise.all([
    read<LimitRange>('limitranges'),
    read<ResourceQuota>('resourcequotas'),
  ]);
  const counted =
    quotas === undefined || quotas.length === 0
      ? { kept: [], complete: true }
      : await readPresent(kubectl, namespace, object);
  return {
    limitRanges,
    quotas,
    present: counted?.complete === true ? counted.kept : undefined,
    tooMany: counted?.complete === false,
  };
}

async function readPresent(
  kubectl: Kubectl,
  namespace: string,
  object: WorkloadObject,
): Promise<PartOfList<PodSpec> | undefined> {
  if (object.kind === 'Pod') {
    const spec = object.spec as PodSpec | undefined;
    return { kept: spec === undefined || object.metadata.uid === undefined ? [] : [spec], complete: true };
  }
  const selector = selectorText(selectorOf(object));
  // A CronJob's present pods run to their end together with those of the next run.
  if (selector === '') return { kept: [], complete: true };
  const slim = createSlimmer();
  return unlessForbidden(async () =>
    readUpTo(kubectl, { kind: 'pods', namespace, labelSelector: selector }, mostPresent, (pod) => {
      const { spec, status } = slim<CountedPod>(pod);
      const counts = spec != null && !hasEnded({ status }) && !managedByAnother(object, pod.metadata);
      return counts ? spec : undefined;
    }),
  );
}
