import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { largeCluster } from '../support/commands/largeCluster.ts';
import { measuredRun } from '../support/commands/measuredRun.ts';

test('check reads a large cluster in pages and keeps little of each page', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-large-'));
  try {
    const [small, large] = [1000, 4000];
    const peaks: number[] = [];
    for (const pods of [small, large]) {
      const { kubectl } = await largeCluster(join(folder, String(pods)), pods);
      // With a small nursery V8 collects at once what is not kept; by default the peak depends on the machine's load.
      const env = { KUBECTL: kubectl, NODE_OPTIONS: '--max-semi-space-size=1' };
      const { stdout, stderr, peakBytes } = await measuredRun(['check', '-o', 'json'], env);
      expect((JSON.parse(stdout) as { missed: unknown[] }).missed, stderr).toHaveLength(pods / 2);
      peaks.push(peakBytes);
    }
    // A pod of 10 KB takes about 40 KB after parsing.
    const each = ((peaks[1] ?? 0) - (peaks[0] ?? 0)) / (large - small);
    expect(each).toBeLessThan(10_000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
