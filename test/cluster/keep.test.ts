import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pauseDeployment } from '../support/cluster/apps.ts';
import {
  agentImage,
  cli,
  injectAndApply,
  kube,
  podField,
  sendDatagrams,
  tshark,
} from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';

const shop = useNamespace('keep');
const inShop = ['-n', shop];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-keep-'));
  await injectAndApply(pauseDeployment(shop, 'web', 1), '--image', agentImage, '--filter', 'udp');
  await kube(['rollout', 'status', 'deploy/web', ...inShop, '--timeout=240s']);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function run(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await cli([...args, ...inShop]);
  expect(exitCode, `${args.join(' ')}\n${stderr}`).toBe(0);
  return stdout;
}

/** Fetches what was kept, and gives its notes and how many datagrams the files have. */
async function fetchKept(target: string): Promise<{ readonly notes: readonly unknown[]; readonly datagrams: number }> {
  const to = join(folder, target.replace('/', '-'));
  await run('download', target, '--kept', '--output', to);
  const files = (await readdir(to, { recursive: true })).filter((name) => name.includes('kept/'));
  const texts = files
    .filter((name) => name.endsWith('keep.json'))
    .map(async (name) => readFile(join(to, name), 'utf8'));
  const rows = files
    .filter((name) => name.endsWith('.pcapng'))
    .map(async (name) => tshark(join(to, name), ['udp.payload'], 'udp.dstport == 9999'));
  return {
    notes: (await Promise.all(texts)).map((text) => JSON.parse(text) as unknown),
    datagrams: (await Promise.all(rows)).flat().length,
  };
}

async function podOf(app: string): Promise<string> {
  return kube(['get', 'pods', ...inShop, '-l', `app=${app}`, '-o', 'jsonpath={.items[0].metadata.name}']);
}

test('the annotation keeps the files of the last minutes, and download fetches them with the user and the reason', async () => {
  const pod = await podOf('web');
  await sendDatagrams(await podField(shop, pod, '.status.podIP'), 9999, 25);
  await run('keep', 'deploy/web', '--last', '10m', '--reason', 'payments fail');
  const { notes, datagrams } = await fetchKept('deploy/web');
  expect(notes).toMatchObject([
    {
      trigger: 'annotation',
      reason: expect.stringMatching(/^payments fail \(by /),
      namespace: shop,
      pod,
      complete: true,
      dropped: 0,
    },
  ]);
  expect(datagrams).toBe(25);
});

test('the command keeps files in an attached agent, which does not see annotations', async () => {
  await kube(['apply', '-f', '-'], pauseDeployment(shop, 'bare', 1));
  await kube(['rollout', 'status', 'deploy/bare', ...inShop, '--timeout=240s']);
  await run('attach', 'deploy/bare', '--image', agentImage, '--filter', 'udp');
  await sendDatagrams(await podField(shop, await podOf('bare'), '.status.podIP'), 9999, 12);
  await run('keep', 'deploy/bare', '--last', '10m', '--reason', 'payments fail');
  const { notes, datagrams } = await fetchKept('deploy/bare');
  expect(notes).toMatchObject([
    { trigger: 'command', reason: 'payments fail', by: expect.any(String), complete: true },
  ]);
  expect(datagrams).toBe(12);
});
