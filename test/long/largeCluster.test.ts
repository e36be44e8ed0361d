import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { largeCluster } from '../support/commands/largeCluster.ts';
import { measuredRun } from '../support/commands/measuredRun.ts';

const pods = 10_000;
let folder = '';
let kubectl = '';
let podBytes = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-large-'));
  const cluster = await largeCluster(folder, pods);
  ({ kubectl, podBytes } = cluster);
});

afterAll(async () => rm(folder, { recursive: true }));

test.each([
  ['check', ['check', '-o', 'json'], 1, 300],
  // 176 to 206 MB were measured: of pods without the sidecar little more than the names is kept.
  ['status', ['status', '-A'], 0, 230],
  ['stop', ['stop', '-A', '-l', 'app'], 1, 230],
])('%s of ten thousand pods stays within its memory', async (name, args, code, megabytes) => {
  // Of the usual size: 10 KB a pod.
  expect(podBytes).toBeGreaterThan(100e6);
  const { exitCode, stdout, stderr, peakBytes, seconds } = await measuredRun(args, { KUBECTL: kubectl });
  console.log(`${name}: ${pods} pods, ${(peakBytes / 1e6).toFixed(0)} MB, ${seconds.toFixed(1)} s`);
  expect(exitCode, stderr).toBe(code);
  expect(peakBytes).toBeLessThan(megabytes * 1e6);
  expect(stdout.split('"missed_at_creation"')).toHaveLength(name === 'check' ? 1 + pods / 2 : 1);
});
