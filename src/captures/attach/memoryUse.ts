import type { Pod } from '../../kubernetes/api/types.ts';
import { parseAnswer, type Kubectl } from '../../kubernetes/kubectl.ts';
import { ifPossible } from '../../kubernetes/reading.ts';
import { quantityAmount } from '../../quantity.ts';
import { countOf, fieldsOf, itemsOf, textOf } from '../../typed.ts';
import type { MemoryUse } from '../../ways/attach/index.ts';

/** Reads how much memory a pod uses; undefined when nobody says so, or the user may not ask. */
export type MemoryReader = (pod: Pod) => Promise<MemoryUse | undefined>;

/** For each request: what attaches waits for it, though it can do without. */
const timeoutSeconds = 5;
/** Bytes of an answer: a container is described by some 200. */
const maxBytes = 32 * 1024 ** 2;

/**
 * A reader for these pods. It asks the metrics API, which users of a namespace may read as a rule, and if that does
 * not know, the kubelet, for which a right on the node is needed (`get` of `nodes/proxy`). What is the same for several
 * pods is asked once.
 */
export function memoryReader(kubectl: Kubectl, pods: readonly Pod[]): MemoryReader {
  const answers = new Map<string, Promise<unknown>>();
  const ask = async (path: string): Promise<unknown> => {
    const args = ['get', '--raw', path];
    const answer =
      answers.get(path) ??
      ifPossible<unknown>(undefined, async () =>
        parseAnswer((await kubectl(args, { timeoutSeconds, maxBytes, quiet: true })).stdout, args),
      );
    answers.set(path, answer);
    return answer;
  };
  return async (pod) => {
    const { name, namespace = 'default' } = pod.metadata;
    const all = `/apis/metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/pods`;
    const byMetrics = metricsUse(await ask(pods.length === 1 ? `${all}/${encodeURIComponent(name)}` : all), pod);
    const node = pod.spec?.['nodeName'];
    if (byMetrics !== undefined || typeof node !== 'string' || node === '') return byMetrics;
    const stats = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary?only_cpu_and_memory=true`;
    return kubeletUse(await ask(stats), pod);
  };
}

/**
 * The use of a pod by a PodMetrics of metrics.k8s.io, or a list of them: the sum of its containers. Undefined when one
 * of the pod's containers is missing, because it was started just now. Pure.
 */
export function metricsUse(answer: unknown, { metadata, spec }: Pod): MemoryUse | undefined {
  const whole = fieldsOf(answer);
  const metrics = [whole, ...itemsOf(whole['items']).map(fieldsOf)].find((one) => {
    const { name, namespace } = fieldsOf(one['metadata']);
    return name === metadata.name && (namespace ?? 'default') === (metadata.namespace ?? 'default');
  });
  const uses = new Map(
    itemsOf(metrics?.['containers']).map((item) => {
      const container = fieldsOf(item);
      return [textOf(container['name']), quantityAmount(textOf(fieldsOf(container['usage'])['memory']) ?? '')];
    }),
  );
  if (uses.size === 0 || spec?.containers?.every(({ name }) => uses.has(name)) !== true) return undefined;
  const bytes = [...uses.values()].reduce((sum, use) => sum + use, 0);
  return Number.isFinite(bytes) ? { bytes, source: 'by the metrics API' } : undefined;
}

/** The use of a pod by the summary of its kubelet (k8s.io/kubelet/pkg/apis/stats/v1alpha1). Pure. */
export function kubeletUse(answer: unknown, { metadata }: Pod): MemoryUse | undefined {
  const stats = itemsOf(fieldsOf(answer)['pods'])
    .map(fieldsOf)
    .find(({ podRef }) => metadata.uid !== undefined && fieldsOf(podRef)['uid'] === metadata.uid);
  const bytes = countOf(fieldsOf(stats?.['memory'])['workingSetBytes']);
  return bytes === undefined ? undefined : { bytes, source: 'by its kubelet' };
}
