import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import { capture } from '../../scripts/cluster/command.ts';
import { versionsOf } from '../../scripts/cluster/nodeVersions.ts';
import { namespaces, release } from '../../scripts/demo/ways.ts';
import { cli, kube } from '../support/cluster/clusterFixture.ts';

const node = inject('node');
const folder = await mkdtemp(join(tmpdir(), 'packet-capture-demo-'));

afterAll(async () => {
  await cli(['uninstall', '--release', release, '--namespace', release, '--yes']);
  await kube(['delete', 'namespace', ...Object.values(namespaces), release, '--ignore-not-found', '--wait=false']);
  await rm(folder, { recursive: true, force: true });
});

test('the demo captures in three ways: every packet that the agents counted is in the files, without a restart', async () => {
  const { kubernetes } = await versionsOf(node);
  const argv = [
    'scripts/demo.ts',
    '--name',
    node.name,
    '--kubernetes',
    `1.${kubernetes}`,
    '--keep',
    '--output',
    folder,
  ];
  const { exitCode, stdout, stderr } = await capture([process.execPath, ...argv]);
  expect(exitCode, stderr).toBe(0);
  const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
  // The command itself compares the number of packets with that of tshark.
  for (const way of ['manifest', 'patch', 'webhook']) {
    const own = rows.filter(([name]) => name === way);
    expect(own.length, `${way}\n${stdout}`).toBeGreaterThan(0);
    for (const [, , restarts, packets] of own) {
      expect(restarts).toBe('0');
      expect(Number(packets)).toBeGreaterThan(0);
    }
  }
}, 900_000);
