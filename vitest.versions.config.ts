import { defineConfig } from 'vitest/config';
import { parseVersions, usualVersions } from './scripts/cluster/versions.ts';
import { agentImage } from './scripts/images/names.ts';
import { filesOf, rows } from './scripts/versions/runs.ts';
import { patienceMs } from './test/support/patience.ts';
import passedLine from './test/support/vitest/passedLine.ts';

const { kubernetes } = { ...usualVersions, ...parseVersions(process.env['PACKET_CAPTURE_TEST_KUBERNETES']) };

const shared = {
  env: { PACKET_CAPTURE_IMAGE: agentImage },
  globalSetup: ['test/support/cluster/setup.ts'],
  // Twice that of `npm test`: nobody waits for these.
  testTimeout: 360_000,
  hookTimeout: 600_000,
  expect: { poll: { timeout: patienceMs } },
};

const filesThat = (alone: boolean): string[] =>
  rows.filter((row) => (row.alone ?? false) === alone).flatMap((row) => [...filesOf(row, kubernetes)]);

/** Tests on a node of one version; `npm run test:versions` (scripts/versions.ts) runs them on each. */
export default defineConfig({
  test: {
    reporters: ['default', passedLine],
    projects: [
      {
        test: {
          ...shared,
          name: 'versions',
          include: filesThat(false),
          sequence: { groupOrder: 0 },
          maxWorkers: 4,
        },
      },
      {
        test: {
          ...shared,
          name: 'versionsAlone',
          include: filesThat(true),
          sequence: { groupOrder: 1 },
          fileParallelism: false,
        },
      },
    ],
  },
});
