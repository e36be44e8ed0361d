/**
 * Creates pods in several namespaces in turn, one after the other, and prints how long the API server took for each as
 * JSON: milliseconds by namespace. A program of its own, since the API server answers only from within the node's
 * network namespace. One JSON argument: {@link CreationRequest}.
 */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { load } from 'js-yaml';
import { makePod } from './review.ts';

export interface CreationRequest {
  readonly kubeconfig: string;
  /** Whether a pod there gets the sidecar, by namespace. */
  readonly namespaces: Readonly<Record<string, boolean>>;
  /** In each. */
  readonly count: number;
}

const { kubeconfig, namespaces, count } = JSON.parse(process.argv[2] ?? '{}') as CreationRequest;
const { clusters, users } = load(await readFile(kubeconfig, 'utf8')) as {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
};
const pem = (text = ''): string => Buffer.from(text, 'base64').toString();
const agent = new Agent({
  keepAlive: true,
  maxSockets: 1,
  ca: pem(clusters[0].cluster['certificate-authority-data']),
  cert: pem(users[0].user['client-certificate-data']),
  key: pem(users[0].user['client-key-data']),
});

async function call(method: string, path: string, body = ''): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(`${clusters[0].cluster['server']}${path}`, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject);
    });
    outgoing.on('error', reject).end(body);
  });
}

/** Milliseconds until the API server has stored the pod. The pod is taken away again, so that each finds an empty house. */
async function create(namespace: string, number: number, injected: boolean): Promise<number> {
  const name = `pod-${number}`;
  const pod = makePod(number, namespace);
  // No scheduler of that name looks at it, so nothing has to run.
  const body = JSON.stringify({ ...pod, metadata: { ...pod.metadata, name }, spec: { ...pod.spec, schedulerName: 'none' } });
  const from = performance.now();
  const { status, text } = await call('POST', `/api/v1/namespaces/${namespace}/pods`, body);
  const milliseconds = performance.now() - from;
  if (status !== 201) throw new Error(`pod ${number} of ${namespace}: HTTP ${status}: ${text}`);
  if (text.includes('"name":"packet-capture"') !== injected) throw new Error(`pod ${number} of ${namespace} ${injected ? 'has no' : 'has a'} sidecar`);
  await call('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`);
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
agent.destroy();
console.log(JSON.stringify(times));
