/**
 * Creates pods in several namespaces in turn, one after the other, and prints how long the API server took for each as
 * JSON: milliseconds by namespace. A program of its own, since the API server answers only from within the node's
 * network namespace. One JSON argument: {@link CreationRequest}.
 */
import { apiClient } from '../../cluster/apiClient.ts';
import { makePod } from './review.ts';

export interface CreationRequest {
  readonly kubeconfig: string;
  /** Whether a pod there gets the sidecar, by namespace. */
  readonly namespaces: Readonly<Record<string, boolean>>;
  /** In each. */
  readonly count: number;
}

const { kubeconfig, namespaces, count } = JSON.parse(process.argv[2] ?? '{}') as CreationRequest;
const callApi = await apiClient(kubeconfig, 1);

/**
 * Milliseconds until the API server has stored the pod. The pod is taken away again, so that each finds an empty house.
 */
async function create(namespace: string, number: number, injected: boolean): Promise<number> {
  const name = `pod-${number}`;
  const pod = makePod(number, namespace);
  // No scheduler of that name looks at it, so nothing has to run.
  const body = { ...pod, metadata: { ...pod.metadata, name }, spec: { ...pod.spec, schedulerName: 'none' } };
  const from = performance.now();
  const { status, text } = await callApi('POST', `/api/v1/namespaces/${namespace}/pods`, body);
  const milliseconds = performance.now() - from;
  if (status !== 201) throw new Error(`pod ${number} of ${namespace}: HTTP ${status}: ${text}`);
  if (text.includes('"name":"packet-capture"') !== injected)
    throw new Error(`pod ${number} of ${namespace} ${injected ? 'has no' : 'has a'} sidecar`);
  await callApi('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`);
  return milliseconds;
}

const times = Object.fromEntries(Object.keys(namespaces).map((namespace): [string, number[]] => [namespace, []]));
/** Until connections are open and code is warm. */
const warmUp = 20;
for (let number = 0; number < count + warmUp; number += 1) {
  // Each of them is the first as often as any other.
  const order = Object.entries(namespaces);
  const turn = number % order.length;
  for (const [namespace, injected] of [...order.slice(turn), ...order.slice(0, turn)]) {
    const milliseconds = await create(namespace, number, injected);
    if (number >= warmUp) times[namespace]?.push(milliseconds);
  }
}
console.log(JSON.stringify(times));
