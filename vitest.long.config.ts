import { defineConfig } from 'vitest/config';
import { agentImage } from './scripts/images/names.ts';
import { patienceMs } from './test/support/patience.ts';
import passedLine from './test/support/vitest/passedLine.ts';

/** As in vitest.config.ts. */
const env = { PACKET_CAPTURE_IMAGE: agentImage };

/** What takes too long for every change: `npm run test:long`, before a release. */
export default defineConfig({
  test: {
    reporters: ['default', passedLine],
    projects: [
      {
        test: {
          name: 'long',
          env,
          include: ['test/long/*.test.ts'],
          sequence: { groupOrder: 0 },
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: patienceMs } },
        },
      },
      {
        test: {
          name: 'longCluster',
          env,
          // On a real node, which a part of them disturbs: one after the other.
          include: ['test/long/cluster/**/*.test.ts'],
          globalSetup: ['test/support/cluster/setup.ts'],
          sequence: { groupOrder: 1 },
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: patienceMs } },
        },
      },
    ],
  },
});
