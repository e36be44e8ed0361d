import { once } from 'node:events';
import { beforeAll, expect, inject, test } from 'vitest';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureSlimAgentImage } from '../../../scripts/images/images.ts';
import type { Pod } from '../../../src/kubernetes/api/types.ts';
import { pauseDeployment } from '../../support/cluster/apps.ts';
import { cli, kube } from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';
import { begin } from '../../support/long/attach/firstPacket.ts';

const node = inject('node');
const shop = useNamespace('attach-crowd');
const inShop = ['-n', shop];
/** The node holds 250, see scripts/cluster/nodeConfig.ts. */
const many = 200;
let image: string;

beforeAll(async () => {
  image = await ensureSlimAgentImage(stderrProgress);
  await loadImage(node, image, stderrProgress);
});

const attach = (...args: readonly string[]): string[] => {
  return [process.execPath, 'bin/packet-capture.js', 'attach', '--image', image, ...inShop, ...args];
};

test(`${many} pods are attached to at once, and a command that is killed in the middle leaves nothing that lasts`, async () => {
  await kube(['apply', '-f', '-'], pauseDeployment(shop, 'crowd', many));
  await kube(['rollout', 'status', 'deploy/crowd', ...inShop, '--timeout=600s']);
  const list = async (): Promise<readonly Pod[]> =>
    (JSON.parse(await kube(['get', 'pods', ...inShop, '-l', 'app=crowd', '-o', 'json'])) as { items: Pod[] }).items;
  const attachedNow = (all: readonly Pod[]): number =>
    all.filter(({ spec }) => spec?.['ephemeralContainers'] !== undefined).length;

  const killed = await begin(attach('-l', 'app=crowd', '--ttl', '10m'));
  killed.stdout.resume();
  killed.stderr.resume();
  const exited = once(killed, 'exit');
  await expect.poll(async () => attachedNow(await list()), { timeout: 60_000, interval: 200 }).toBeGreaterThan(20);
  killed.kill('SIGKILL');
  await exited;
  const before = attachedNow(await list());

  const begun = performance.now();
  const { exitCode, stderr } = await cli([
    'attach',
    '-l',
    'app=crowd',
    ...inShop,
    '--image',
    image,
    '--ttl',
    '8m',
    '--timeout',
    '10m',
  ]);
  const seconds = (performance.now() - begun) / 1000;
  console.log(`${many} pods, of which ${before} had the container of a killed command: ${seconds.toFixed(1)} s`);
  expect(exitCode, stderr).toBe(0);
  expect(stderr.match(/: capturing on eth0/g)).toHaveLength(many);
  const after = await list();
  for (const { spec, status } of after) {
    expect(spec?.['ephemeralContainers']).toHaveLength(1);
    expect(status?.containerStatuses?.map(({ restartCount = 0 }) => restartCount)).toEqual([0]);
  }
  const ended = async (): Promise<number> =>
    (await list()).filter(({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.terminated?.exitCode === 0)
      .length;
  await expect.poll(ended, { timeout: 1_200_000, interval: 5000 }).toBe(many);
  console.log(`all ${many} agents had ended ${((performance.now() - begun) / 1000).toFixed(0)} s after the command`);
  const last = await list();
  expect(last.map(({ metadata }) => metadata.name)).toEqual(after.map(({ metadata }) => metadata.name));
  for (const { status } of last)
    expect(status?.containerStatuses?.map(({ restartCount = 0 }) => restartCount)).toEqual([0]);
  await kube(['scale', 'deploy/crowd', ...inShop, '--replicas=0']);
});
