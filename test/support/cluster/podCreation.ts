import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { kube } from './clusterFixture.ts';
import type { StreamResult } from './podStream.ts';

const node = inject('node');

/**
 * Creates a pod every 200 ms in a namespace of their own while something else happens. They stay pending, and are
 * deleted at the end.
 */
export async function whilePodsAreCreated(site: string, work: () => Promise<void>): Promise<StreamResult> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
  const stop = join(folder, 'stop');
  const stream = runInNetns(node, [
    process.execPath,
    join(import.meta.dirname, 'podStream.ts'),
    node.kubeconfig,
    site,
    stop,
  ]);
  try {
    await work();
  } finally {
    await writeFile(stop, '');
  }
  const { exitCode, stdout, stderr } = await stream;
  await rm(folder, { recursive: true });
  expect(exitCode, stderr).toBe(0);
  // All at once: kubectl would ask for one after the other.
  await kube(['delete', '--raw', `/api/v1/namespaces/${site}/pods`]);
  return JSON.parse(stdout) as StreamResult;
}

/** What went wrong, and that there was enough to go wrong. */
export function verdict({ created, injected, refusals }: StreamResult): {
  readonly missed: number;
  readonly refusals: readonly string[];
  readonly enough: boolean;
} {
  return { missed: created - injected, refusals, enough: created >= 30 };
}

/** The verdict on a time in which every pod was injected. */
export const everyPod = { missed: 0, refusals: [], enough: true };
