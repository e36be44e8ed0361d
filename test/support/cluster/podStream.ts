/**
 * Creates pods at a steady pace until a file appears, and prints what became of them as JSON. A program of its own,
 * since the API server answers only from within the node's network namespace.
 * Arguments: kubeconfig, namespace, file to stop at.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiClient } from './apiClient.ts';

export interface StreamResult {
  readonly created: number;
  readonly injected: number;
  /** What the API server said to those that it refused, each sentence once. */
  readonly refusals: readonly string[];
}

const everyMs = 200;
const longestMs = 300_000;

const [kubeconfig = '', namespace = '', stopFile = ''] = process.argv.slice(2);
const callApi = await apiClient(kubeconfig);
// No node has the label: the pods stay pending, and nothing has to run.
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'stream-', annotations: { 'packet-capture/inject': 'true' } },
  spec: { nodeSelector: { 'packet-capture-test/nowhere': 'true' }, containers: [{ name: 'app', image: 'app' }] },
};

const answers: ReturnType<typeof callApi>[] = [];
for (const end = Date.now() + longestMs; !existsSync(stopFile) && Date.now() < end; await sleep(everyMs)) {
  answers.push(callApi('POST', `/api/v1/namespaces/${namespace}/pods`, pod));
}
const all = await Promise.all(answers);
const created = all.filter(({ status }) => status === 201);
const result: StreamResult = {
  created: created.length,
  injected: created.filter(({ text }) => text.includes('"name":"packet-capture"')).length,
  refusals: [...new Set(all.filter(({ status }) => status !== 201).map(({ text }) => text))],
};
console.log(JSON.stringify(result));
