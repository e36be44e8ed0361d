import { defineConfig } from 'vitest/config';
import { parseVersions, usualVersions } from './scripts/cluster/versions.ts';
import { agentImage } from './scripts/images/names.ts';
import { filesOf, rows } from './scripts/versions/runs.ts';
import passedLine from './test/support/vitest/passedLine.ts';

const { kubernetes } = { ...usualVersions, ...parseVersions(process.env['PACKET_CAPTURE_TEST_KUBERNETES']) };

/** Tests on a node of one version; `npm run test:versions` (scripts/versions.ts) runs them on each. */
export default defineConfig({
  test: {
    name: 'versions',
    env: { PACKET_CAPTURE_IMAGE: agentImage },
    reporters: ['default', passedLine],
    include: rows.flatMap((row) => [...filesOf(row, kubernetes)]),
    globalSetup: ['test/support/cluster/setup.ts'],
    maxWorkers: 4,
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
});
