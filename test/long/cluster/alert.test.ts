import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { nodeAddress } from '../../../scripts/cluster/machine.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureAlertmanager } from '../../../scripts/cluster/tools.ts';
import { until } from '../../support/agent/until.ts';
import { appPod } from '../../support/cluster/apps.ts';
import {
  agentEvent,
  agentEvents,
  agentImage,
  cli,
  injectAndApply,
  kube,
  podField,
  sendDatagrams,
} from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { requestPort } from '../../support/long/failingApps.ts';
import { keptFolders } from '../../support/long/keptFolders.ts';
import { answersOnNode, startOnNode } from '../../support/long/startOnNode.ts';

const node = inject('node');
const namespace = useNamespace('alert');
let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-alert-'));
  program = await ensureAlertmanager(stderrProgress);
}, 1_800_000);
afterAll(async () => rm(folder, { recursive: true }));

/** Starts a program on the node, until the end of the test. @returns what it has said so far */
async function startHere(...argv: readonly string[]): Promise<() => string> {
  const { said, stop } = await startOnNode(argv);
  onTestFinished(stop);
  return said;
}

test("an alert of the real Alertmanager keeps what led to it, once, by the receiver of docs/flight-recorder.md; its configuration is the document's", async () => {
  const text = await readFile('docs/flight-recorder.md', 'utf8');
  const section = text.slice(text.indexOf('## At an alert'));
  const [, receiver = ''] = /```js\n(.*?)```/s.exec(section) ?? [];
  const [, receivers = ''] = /```yaml\n(.*?)```/s.exec(section) ?? [];
  const [receiverFile, configFile] = [join(folder, 'receiver.mjs'), join(folder, 'alertmanager.yml')];
  await writeFile(receiverFile, receiver);
  const route = 'route: {receiver: packet-capture, group_wait: 1s, group_interval: 5s, repeat_interval: 5s}\n';
  // There is no Service for the receiver here.
  await writeFile(configFile, `${route}${receivers.replace('keep-receiver', nodeAddress)}`);
  expect(receivers).toContain('http://keep-receiver:8080/');
  const received = await startHere(process.execPath, receiverFile);
  const alertmanager = await startHere(
    program,
    `--config.file=${configFile}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:9093`,
    '--cluster.listen-address=',
  );
  await until('Alertmanager', async () => answersOnNode('http://127.0.0.1:9093/-/ready'), {
    milliseconds: 60_000,
    instead: alertmanager,
  });

  const settings = ['--image', agentImage, '--filter', `udp port ${requestPort}`];
  for (const pod of ['web-1', 'web-2']) {
    await injectAndApply(appPod(namespace, pod), ...settings);
    await kube(['wait', '-n', namespace, `pod/${pod}`, '--for=condition=Ready', '--timeout=60s']);
    await agentEvent(namespace, pod, 'started');
    await sendDatagrams(await podField(namespace, pod, '.status.podIP'), requestPort, 15);
  }
  // As Prometheus sends them; one without a pod, and one of a pod that is gone.
  const labels = [{ pod: 'web-1' }, { pod: 'gone' }, {}].map((own) => ({
    alertname: 'HighErrorRate',
    namespace,
    ...own,
  }));
  const startsAt = new Date().toISOString();
  const post = `const answer = await fetch('http://127.0.0.1:9093/api/v2/alerts', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: ${JSON.stringify(JSON.stringify(labels.map((each) => ({ labels: each, startsAt }))))},
  }); process.exit(answer.ok ? 0 : 1)`;
  expect((await runInNetns(node, [process.execPath, '-e', post])).exitCode).toBe(0);

  const kept = await agentEvent(namespace, 'web-1', 'keeping', 1, 120);
  expect(kept).toMatchObject({ trigger: 'annotation', reason: 'HighErrorRate' });
  await agentEvent(namespace, 'web-1', 'kept', 1, 240);
  // It was repeated meanwhile.
  expect(received().match(/annotated/g)?.length).toBeGreaterThan(5);
  expect(received()).toContain('pods "gone" not found');
  expect((await agentEvents(namespace, 'web-1')).filter(({ event }) => event === 'keeping')).toHaveLength(1);
  const to = join(folder, 'kept');
  const download = await cli(['download', 'web-1', '-n', namespace, '--kept', '--output', to]);
  expect(download.exitCode, download.stderr).toBe(0);
  const [one, ...more] = await keptFolders(to);
  expect(more).toEqual([]);
  expect(one?.texts).toHaveLength(15);
  expect(one?.note).toMatchObject({ complete: true, packets: 15 });
  expect((Date.parse(String(one?.note['to'])) - Date.parse(String(one?.note['from']))) / 60_000).toBe(12);
  expect((await agentEvents(namespace, 'web-2')).some(({ event }) => event.startsWith('keep'))).toBe(false);
  // What is no alert ends nothing.
  const nonsense = `process.exit((await fetch('http://127.0.0.1:8080/', { method: 'POST', body: 'x' })).status === 400 ? 0 : 1)`;
  expect((await runInNetns(node, [process.execPath, '-e', nonsense])).exitCode).toBe(0);
});
