/**
 * Creates pods that run nowhere and have addresses, as those of other nodes. A program of its own, since the API server
 * answers only from within the node's network namespace.
 * Arguments: kubeconfig, namespace, how many.
 */
import { podSpec } from '../commands/largeCluster.ts';
import { apiClient } from './apiClient.ts';

const [kubeconfig = '', namespace = '', count = '0'] = process.argv.slice(2);
const atOnce = 20;
const callApi = await apiClient(kubeconfig, atOnce);
const path = `/api/v1/namespaces/${namespace}/pods`;

async function create(index: number): Promise<void> {
  const name = `web-7c9d8f6b5-${String(index).padStart(5, '0')}`;
  // No scheduler has this name: the pod stays without a node, and nothing has to run.
  const spec = { ...podSpec('web', 'token'), schedulerName: 'nobody' };
  const created = await callApi('POST', path, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'web', many: 'true' } },
    spec,
  });
  if (created.status !== 201) throw new Error(created.text);
  const podIP = `10.${100 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], startTime: new Date().toISOString() };
  const stored = await callApi('PUT', `${path}/${name}/status`, { ...(JSON.parse(created.text) as object), status });
  if (stored.status !== 200) throw new Error(stored.text);
}

let next = 0;
const worker = async (): Promise<void> => {
  while (next < Number(count)) {
    next += 1;
    await create(next - 1);
  }
};
await Promise.all(Array.from({ length: atOnce }, worker));
