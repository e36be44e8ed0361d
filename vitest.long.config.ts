import { defineConfig } from 'vitest/config';
import passedLine from './test/passedLine.ts';

/** What takes too long for every change: `npm run test:long`, before a release. */
export default defineConfig({
  test: {
    reporters: ['default', passedLine],
    projects: [
      {
        test: {
          name: 'long',
          include: ['test/long/*.test.ts'],
          sequence: { groupOrder: 0 },
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'longCluster',
          // On a real node, which a part of them disturbs: one after the other.
          include: ['test/long/cluster/**/*.test.ts'],
          globalSetup: ['test/cluster/setup.ts'],
          sequence: { groupOrder: 1 },
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
