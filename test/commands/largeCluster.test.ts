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
      const place = join(folder, String(pods));
      const { kubectl } = await largeCluster(place, pods);
      // The smaller of two runs, because garbage collections happen at different times.
      const runs = [
        await measuredRun(['check', '-o', 'json'], { KUBECTL: kubectl }),
        await measuredRun(['check', '-o', 'json'], { KUBECTL: kubectl }),
      ];
      for (const { stdout, stderr } of runs)
        expect((JSON.parse(stdout) as { missed: unknown[] }).missed, stderr).toHaveLength(pods / 2);
      peaks.push(Math.min(...runs.map(({ peakBytes }) => peakBytes)));
    }
    // A pod of 10 KB takes about 40 KB after parsing.
    const each = ((peaks[1] ?? 0) - (peaks[0] ?? 0)) / (large - small);
    expect(each).toBeLessThan(20_000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
