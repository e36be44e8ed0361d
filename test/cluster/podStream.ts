/**
 * Creates pods at a steady pace until a file appears, and prints what became of them as JSON. A program of its own,
 * since the API server answers only from within the node's network namespace.
 * Arguments: kubeconfig, namespace, file to stop at.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from 'js-yaml';

export interface StreamResult {
  readonly created: number;
  readonly injected: number;
  /** What the API server said to those that it refused, each sentence once. */
  readonly refusals: readonly string[];
}

const everyMs = 200;
const longestMs = 300_000;

const [kubeconfig = '', namespace = '', stopFile = ''] = process.argv.slice(2);
const { clusters, users } = load(await readFile(kubeconfig, 'utf8')) as {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
};
const pem = (text = ''): string => Buffer.from(text, 'base64').toString();
const agent = new Agent({
  keepAlive: true,
  ca: pem(clusters[0].cluster['certificate-authority-data']),
  cert: pem(users[0].user['client-certificate-data']),
  key: pem(users[0].user['client-key-data']),
});
const url = `${clusters[0].cluster['server']}/api/v1/namespaces/${namespace}/pods`;
// No node has the label: the pods stay pending, and nothing has to run.
const body = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'stream-', annotations: { 'packet-capture/inject': 'true' } },
  spec: { nodeSelector: { 'packet-capture-test/nowhere': 'true' }, containers: [{ name: 'app', image: 'app' }] },
});

const answers: Promise<{ readonly status: number; readonly text: string }>[] = [];
for (const end = Date.now() + longestMs; !existsSync(stopFile) && Date.now() < end; await sleep(everyMs)) answers.push(create());
const all = await Promise.all(answers);
agent.destroy();
const created = all.filter(({ status }) => status === 201);
const result: StreamResult = {
  created: created.length,
  injected: created.filter(({ text }) => text.includes('"name":"packet-capture"')).length,
  refusals: [...new Set(all.filter(({ status }) => status !== 201).map(({ text }) => text))],
};
console.log(JSON.stringify(result));

async function create(): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ status: 0, text: error.message });
    const call = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', failed);
    });
    call.on('error', failed).end(body);
  });
}
