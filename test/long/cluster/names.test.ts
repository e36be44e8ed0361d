import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { clusterEnvironment, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import { appPod } from '../../support/cluster/apps.ts';
import { agentEvent, agentImage, injectAndApply, kube } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { measuredRun, type MeasuredRun } from '../../support/commands/measuredRun.ts';

const node = inject('node');
const shop = useNamespace('many-names');
const pods = 5000;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-names-'));
  await injectAndApply(appPod(shop, 'client', { graceSeconds: 0 }), '--image', agentImage);
  await kube(['wait', '-n', shop, '--for=condition=Ready', 'pod/client', '--timeout=120s']);
  await agentEvent(shop, 'client', 'started');
  const program = join(import.meta.dirname, '../../support/cluster/manyPods.ts');
  const made = await runInNetns(node, [process.execPath, program, node.kubeconfig, shop, String(pods)]);
  if (made.exitCode !== 0) throw new Error(made.stderr);
}, 900_000);

afterAll(async () => {
  // No kubelet ends them.
  await kube(['delete', 'pods', '-n', shop, '-l', 'many', '--force', '--grace-period=0', '--wait=false']);
  await rm(folder, { recursive: true, force: true });
}, 600_000);

const run = async (...args: readonly string[]): Promise<MeasuredRun> => {
  const result = await measuredRun(args, await clusterEnvironment(node), (argv) => inNetns(node.netns, argv));
  expect(result.exitCode, result.stderr).toBe(0);
  return result;
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

test.each([
  ['download --merge', ['download', 'client', '--open', '--merge', 'FOLDER/merged.pcapng', '-o', 'FOLDER/files']],
  ['stream', ['stream', 'client', '--duration', '10s', '--force', '-o', 'FOLDER/stream.pcapng']],
])(`names of a cluster with ${pods} pods: %s takes less than 250 MB`, async (what, args) => {
  const measured: Record<'auto' | 'off', MeasuredRun[]> = { auto: [], off: [] };
  const command = args.map((arg) => arg.replace('FOLDER', folder));
  for (let turn = 0; turn < 3; turn += 1)
    for (const names of ['auto', 'off'] as const)
      measured[names].push(await run(...command, '-n', shop, '--names', names));
  const seconds = median(measured.auto.map((one) => one.seconds)) - median(measured.off.map((one) => one.seconds));
  const [withNames, without] = [measured.auto, measured.off].map((runs) => median(runs.map((one) => one.peakBytes)));
  console.info(
    `${what}: ${seconds.toFixed(1)} s more with names; ${((withNames ?? 0) / 1e6).toFixed(0)} MB with, ${((without ?? 0) / 1e6).toFixed(0)} MB without`,
  );
  expect(withNames).toBeLessThan(250e6);
});
