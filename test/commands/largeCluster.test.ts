import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { largeCluster } from './largeCluster.ts';
import { measuredRun } from './measuredRun.ts';

test('check reads a large cluster page by page, and keeps little of each page', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-large-'));
  try {
    const [small, large] = [1000, 4000];
    const peaks: number[] = [];
    for (const pods of [small, large]) {
      const place = join(folder, String(pods));
      const { kubectl } = await largeCluster(place, pods);
      const { stdout, peakBytes, stderr } = await measuredRun(['check', '-o', 'json'], { KUBECTL: kubectl });
      expect((JSON.parse(stdout) as { missed: unknown[] }).missed, stderr).toHaveLength(pods / 2);
      peaks.push(peakBytes);
    }
    // A pod of 10 KB is some 40 KB when it is parsed. Of what is kept, single runs say 9 to 21 KB, by when V8 collects.
    const each = ((peaks[1] ?? 0) - (peaks[0] ?? 0)) / (large - small);
    expect(each).toBeLessThan(28_000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
