import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { loadImage } from '../../scripts/cluster/images.ts';
import { versionsOf } from '../../scripts/cluster/nodeVersions.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureSlimAgentImage } from '../../scripts/images/images.ts';
import type { DownloadResult } from '../../src/captures/download/index.ts';
import type { StatusResult } from '../../src/captures/index.ts';
import type { CheckResult } from '../../src/diagnosis/index.ts';
import { minimums } from '../../src/minimums.ts';
import {
  cli,
  hasRight,
  kube,
  namespaceYaml,
  podField,
  restarts,
  sendDatagrams,
  tshark,
} from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';
import { admittedByRestricted, podKinds, shortOfMemory, waitingJob, waitingPod } from '../support/cluster/podKinds.ts';

const node = inject('node');
const shop = useNamespace('attach');
const [baseline, restricted] = [`${shop}-baseline`, `${shop}-restricted`];
const inShop = ['-n', shop];
const port = 40_000;
const filter = ['--filter', `udp port ${port}`];
const kinds = Object.keys(podKinds);
let folder: string;
let image: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-attach-'));
  image = await ensureSlimAgentImage(stderrProgress);
  await loadImage(node, image, stderrProgress);
  const levels = [namespaceYaml(baseline, 'baseline'), namespaceYaml(restricted, 'restricted')];
  await kube(['apply', '-f', '-'], levels.join('---\n'));
  const items = [
    ...Object.entries(podKinds).map(([name, options]) => waitingPod(name, shop, options)),
    ...['files', 'ended', 'crowd', 'wrong', 'rights'].map((name) => waitingPod(name, shop)),
    waitingPod('short', shop, shortOfMemory),
    waitingJob('job', shop),
    waitingPod('baseline', baseline),
    waitingPod('restricted', restricted, admittedByRestricted),
  ];
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  for (const namespace of [shop, baseline, restricted])
    await kube(['wait', 'pods', '--all', '-n', namespace, '--for=condition=Ready', '--timeout=240s']);
});

afterAll(async () => {
  await kube(['delete', 'namespace', baseline, restricted, '--ignore-not-found', '--wait=false']);
  await rm(folder, { recursive: true, force: true });
});

async function attach(
  exitCode: number,
  ...args: readonly string[]
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const result = await cli(['attach', ...args, ...(args.includes('--image') ? [] : ['--image', image])]);
  expect(result.exitCode, `attach ${args.join(' ')}\n${result.stderr}`).toBe(exitCode);
  return result;
}

async function containersOf(name: string, namespace = shop): Promise<string> {
  return podField(namespace, name, '.spec.ephemeralContainers[*].name');
}

/** Sends datagrams to a pod until the work is done. */
async function underTraffic<T>(addresses: readonly string[], work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const sending = addresses.map(async (address) => {
    while (!over.signal.aborted) await sendDatagrams(address, port, 20, 20);
  });
  try {
    return await work();
  } finally {
    over.abort();
    await Promise.all(sending);
  }
}

test.concurrent('attach -o captures pods of every kind live at the same time; no app restarts, and the Job still completes', async () => {
  const jobPod = (await kube(['get', 'pods', ...inShop, '-l', 'job-name=job', '-o', 'name']))
    .trim()
    .slice('pod/'.length);
  const names = [...kinds, jobPod];
  const addresses = await Promise.all(names.map(async (name) => podField(shop, name, '.status.podIP')));
  const file = join(folder, 'kinds.pcapng');
  const target = `name in (${kinds.join(',')})`;
  const all = ['-o', file, '--duration', '15s', ...filter, ...inShop];
  const [first] = await underTraffic([...addresses, await podField(baseline, 'baseline', '.status.podIP')], async () =>
    Promise.all([
      attach(0, '-l', target, ...all),
      attach(0, 'job/job', '-o', join(folder, 'job.pcapng'), '--duration', '10s', ...filter, ...inShop),
      attach(0, 'baseline', '-o', join(folder, 'baseline.pcapng'), '--duration', '10s', ...filter, '-n', baseline),
    ]),
  );
  expect(first.stderr).toContain('what stays: the 5 containers end by themselves after 1h');
  const seen = async (path: string): Promise<string[]> =>
    [...new Set((await tshark(path, ['frame.interface_name'])).flat())].toSorted();
  expect(await seen(file)).toEqual(kinds.toSorted().map((name) => `${shop}/${name}:eth0`));
  expect(await seen(join(folder, 'job.pcapng'))).toEqual([`${shop}/${jobPod}:eth0`]);
  expect(await seen(join(folder, 'baseline.pcapng'))).toEqual([`${baseline}/baseline:eth0`]);
  for (const name of names) {
    expect(await containersOf(name), name).toBe('packet-capture');
    expect(await restarts(shop, name), name).toBe(0);
  }
  expect(await podField(baseline, 'baseline', '.spec.ephemeralContainers[0].securityContext.capabilities')).toBe('');
  await kube(['exec', ...inShop, jobPod, '-c', 'app', '--', 'touch', '/tmp/done']);
  await kube(['wait', 'job/job', ...inShop, '--for=condition=Complete', '--timeout=240s']);
});

test.concurrent('attach without -o captures into files, the other commands work as with the sidecar, and an Event names the user and the reason', async () => {
  const address = await podField(shop, 'files', '.status.podIP');
  const begun = await attach(0, 'files', ...inShop, ...filter, '--reason', 'INC-4711');
  expect(begun.stderr).toContain(`${shop}/files: capturing on eth0: udp port ${port}\n`);
  await sendDatagrams(address, port, 50);
  const again = await attach(0, 'files', ...inShop);
  expect(again.stderr).toContain('the container packet-capture was attached before and goes on');
  const status = async (): Promise<StatusResult['pods'][number] | undefined> =>
    (JSON.parse((await cli(['status', 'files', '-o', 'json', ...inShop])).stdout) as StatusResult).pods[0];
  const until = Date.parse((await status())?.status?.attached?.until ?? '');
  expect(Math.abs(until - Date.now() - 3_600_000)).toBeLessThan(600_000);
  const stopped = await cli(['stop', 'files', ...inShop]);
  expect(stopped.stderr).toContain(`${shop}/files: state running → idle`);
  const args = ['download', 'files', ...inShop, '-o', folder, '--json'];
  const { files } = JSON.parse((await cli(args)).stdout) as DownloadResult;
  const rows = await Promise.all(files.map(async ({ path }) => tshark(path ?? '', ['udp.payload'], 'udp')));
  expect(rows.flat()).toHaveLength(50);
  expect((await readFile(files[0]?.path ?? '')).includes('INC-4711')).toBe(true);
  expect(await kube(['get', 'events', ...inShop, '--field-selector', 'involvedObject.name=files'])).toMatch(
    /PacketCaptureAttached .*attached the container packet-capture, which captures packets: INC-4711/,
  );
  expect((await cli(['why', 'files', ...inShop])).stdout).toContain('its container packet-capture runs');
  expect(await containersOf('files')).toBe('packet-capture');
});

test.concurrent('twelve attach commands at the same moment add one container', async () => {
  const results = await Promise.all(Array.from({ length: 12 }, async () => attach(0, 'crowd', ...inShop)));
  expect(results.filter(({ stderr }) => stderr.includes('crowd: attached the container'))).toHaveLength(1);
  expect(await containersOf('crowd')).toBe('packet-capture');
});

test.concurrent('an agent that ended at its ttl is replaced by one with the next name', async (context) => {
  await attach(0, 'ended', ...inShop, '--ttl', '20s', '--state', 'idle');
  const ended = async (): Promise<string> =>
    podField(shop, 'ended', '.status.ephemeralContainerStatuses[0].state.terminated.exitCode');
  await context.expect.poll(ended, { interval: 500 }).toBe('0');
  const bare = await cli(['download', 'ended', ...inShop, '-o', folder]);
  expect([bare.exitCode, bare.stderr]).toEqual([
    1,
    expect.stringContaining('an attached agent has ended, and its files went with it'),
  ]);
  expect((await attach(0, 'ended', ...inShop)).stderr).toContain(
    'attached the container packet-capture-2, because packet-capture has ended',
  );
});

test.concurrent("an image that cannot be started is reported in the kubelet's words; another image gets the next name", async () => {
  const wrong = ['--image', 'localhost/packet-capture/none:1', '--image-pull-policy', 'Never'];
  const { stderr } = await attach(1, 'wrong', ...inShop, ...wrong);
  expect(stderr).toMatch(/error ATTACH_FAILED: 1 of 1 pod has no agent that runs; .*ErrImageNeverPull/);
  expect(stderr).toContain('what stays: the container');
  const right = await attach(0, 'wrong', ...inShop);
  expect(right.stderr).toContain('attached the container packet-capture-2, because packet-capture cannot start');
  const { stdout } = await cli(['check', ...inShop, '-o', 'json']);
  const { findings } = JSON.parse(stdout) as CheckResult;
  expect(findings.map(({ code }) => code)).toContain('pods_attached');
});

test.concurrent('a pod whose memory limit is nearly used is refused with the numbers, unless the user accepts that', async (context) => {
  const dry = async (): Promise<string> =>
    (await cli(['attach', 'short', ...inShop, '--image', image, '--dry-run'])).stderr;
  // The kubelet reads what a pod uses every few seconds.
  await context.expect.poll(dry, { timeout: 120_000, interval: 1000 }).toContain('error MEMORY_SHORT');
  const { stderr } = await attach(1, 'short', ...inShop);
  expect(stderr).toMatch(/error MEMORY_SHORT: [^\n]* it uses 5\d\S*Mi \(by its kubelet\) of 64Mi/);
  expect(await containersOf('short')).toBe('');
  await attach(0, 'short', ...inShop, '--ignore-memory', '--dry-run');
  expect(await restarts(shop, 'short')).toBe(0);
});

test.concurrent('a restricted namespace is refused with the reason, a dry run stores nothing, and a missing right is reported first', async () => {
  const refused = await attach(1, 'restricted', '-n', restricted);
  expect(refused.stderr).toContain('error POD_SECURITY: nothing was attached: its namespace enforces Pod Security');
  expect(await containersOf('restricted', restricted)).toBe('');
  expect((await attach(0, 'rights', ...inShop, '--dry-run')).stderr).toContain(
    "would attach the container packet-capture\nwhat stays: the container ends by itself after 1h, with its files; its entry in the pod's spec stays",
  );
  // The kubectl of the node's version.
  const { kubernetes } = await versionsOf(node);
  const change = kubernetes < minimums.kubectlPatchesEphemeralContainers ? 'update' : 'patch';
  const asAnn = ['--as', 'ann', '--as-group', 'system:authenticated'];
  expect((await attach(1, 'rights', ...inShop, ...asAnn)).stderr).toContain(
    `you may not get, ${change} pods/ephemeralcontainers in namespace`,
  );
  expect(await containersOf('rights')).toBe('');

  // The role of the documentation is enough, and no more than that is needed.
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(await readFile('docs/attach.md', 'utf8')) ?? [];
  const role = load(yaml) as { readonly metadata: object };
  const named = { ...role, kind: 'Role', metadata: { ...role.metadata, namespace: shop } };
  await kube(['apply', '-f', '-'], JSON.stringify(named));
  await kube(['create', 'rolebinding', 'ann', ...inShop, '--role=packet-capture-attach', '--user=ann']);
  await hasRight('ann', change, 'pods/ephemeralcontainers', shop);
  await attach(0, 'rights', ...inShop, ...asAnn, '--state', 'idle');
  expect(await kube(['get', 'events', ...inShop, '--field-selector', 'involvedObject.name=rights'])).toContain(
    'ann attached the container packet-capture',
  );
});
