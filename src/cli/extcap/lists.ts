import { findTargetPods } from '../../captures/index.ts';
import { isCodedError } from '../../errors.ts';
import { anyWorkload, type ListedField } from '../../extcap/dialog.ts';
import type { ExtcapInterface } from '../../extcap/interfaces.ts';
import { makeKubectl } from '../../kubernetes/kubectl.ts';
import { queriesOf, readLists } from '../completion/clusterLists.ts';

/** How long a list may take, in milliseconds: meanwhile the dialog does not answer. */
const withinMs = 5000;

/** The types of which the dialog lists the objects: all that have pods. */
const types = ['deployments', 'statefulsets', 'daemonsets', 'cronjobs', 'jobs', 'services'];

/**
 * The values of a list, from the cluster. What cannot be asked within some seconds, or may not be, is left out without
 * a word: Wireshark would show it as an error of the dialog.
 * @param chosen what the dialog has in its other fields
 */
export async function readList(
  field: ListedField,
  { name: context, namespace: ofContext }: ExtcapInterface,
  chosen: Readonly<Record<string, string>>,
): Promise<string[]> {
  const namespace = field === 'namespace' ? undefined : chosen['namespace'] || ofContext;
  const values = { context, ...(namespace === undefined ? {} : { namespace }) };
  if (field === 'pod') return readPods(values, chosen['workload'] ?? '');
  const list = field === 'namespace' ? ({ of: 'namespaces' } as const) : ({ of: 'workloads', types } as const);
  return (await readLists(queriesOf(list, ''), values, withinMs)).map(({ value }) => value);
}

async function readPods(
  { context, namespace }: { readonly context: string; readonly namespace?: string },
  workload: string,
): Promise<string[]> {
  const kubectl = makeKubectl({ context, namespace, signal: AbortSignal.timeout(withinMs) });
  const name = workload === '' || workload === anyWorkload ? undefined : workload;
  try {
    const pods = await findTargetPods(kubectl, { name, namespace });
    return pods.map(({ metadata }) => metadata.name).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return [];
  }
}
