import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { largeCluster } from '../support/commands/largeCluster.ts';
import { measuredRun } from '../support/commands/measuredRun.ts';

test('check reads a large cluster page by page, and keeps little of each page', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-large-'));
  try {
    const [small, large] = [1000, 4000];
    const peaks: number[] = [];
    for (const pods of [small, large]) {
      const place = join(folder, String(pods));
      const { kubectl } = await largeCluster(place, pods);
      // The least of two: when V8 collects differs from run to run.
      const runs = [
        await measuredRun(['check', '-o', 'json'], { KUBECTL: kubectl }),
        await measuredRun(['check', '-o', 'json'], { KUBECTL: kubectl }),
      ];
      for (const { stdout, stderr } of runs)
        expect((JSON.parse(stdout) as { missed: unknown[] }).missed, stderr).toHaveLength(pods / 2);
      peaks.push(Math.min(...runs.map(({ peakBytes }) => peakBytes)));
    }
    // A pod of 10 KB is some 40 KB when it is parsed.
    const each = ((peaks[1] ?? 0) - (peaks[0] ?? 0)) / (large - small);
    expect(each).toBeLessThan(20_000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
