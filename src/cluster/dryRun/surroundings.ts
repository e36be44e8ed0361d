import type { PodSpec, PodTemplate } from '../../sidecar/index.ts';
import type { Kubectl } from '../kubectl.ts';
import type { Metadata, WorkloadObject } from '../kubernetes.ts';
import { selectorOf, selectorText } from '../podProblems.ts';
import { readSome, unlessForbidden } from '../reading.ts';
import type { LimitRange } from './limitRange.ts';
import type { ResourceQuota } from './quota.ts';

/** What stands around a workload's pods; undefined: it may not be read. */
export interface Surroundings {
  readonly limitRanges: readonly LimitRange[] | undefined;
  readonly quotas: readonly ResourceQuota[] | undefined;
  /** The pods of the workload that quotas count now; empty unless there is a quota. */
  readonly present: readonly PodSpec[] | undefined;
}

type CountedPod = PodTemplate & { readonly metadata: Metadata; readonly status?: { readonly phase?: string } };

/** @throws as Kubectl */
export async function readSurroundings(kubectl: Kubectl, namespace: string, object: WorkloadObject): Promise<Surroundings> {
  const read = async <T>(type: string): Promise<T[] | undefined> =>
    unlessForbidden(async () => readSome<T>(kubectl, ['get', type, '--namespace', namespace]));
  const [limitRanges, quotas] = await Promise.all([read<LimitRange>('limitranges'), read<ResourceQuota>('resourcequotas')]);
  const counted = quotas === undefined || quotas.length === 0 ? [] : await readPresent(kubectl, namespace, object);
  return { limitRanges, quotas, present: counted };
}

async function readPresent(kubectl: Kubectl, namespace: string, object: WorkloadObject): Promise<PodSpec[] | undefined> {
  if (object.kind === 'Pod') {
    const spec = object.spec as PodSpec | undefined;
    return spec === undefined || object.metadata.uid === undefined ? [] : [spec];
  }
  const selector = selectorText(selectorOf(object));
  // A CronJob's pods run to their end beside those of the next run.
  if (selector === '') return [];
  const pods = await unlessForbidden(async () =>
    readSome<CountedPod>(kubectl, ['get', 'pods', '--namespace', namespace, '--selector', selector]),
  );
  return pods?.flatMap(({ spec, status }) => (spec == null || status?.phase === 'Succeeded' || status?.phase === 'Failed' ? [] : [spec]));
}
