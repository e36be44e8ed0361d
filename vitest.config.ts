import { defineConfig } from 'vitest/config';
import passedLine from './test/passedLine.ts';

export default defineConfig({
  test: {
    reporters: ['default', passedLine],
    projects: [
      {
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000 },
      },
      {
        test: {
          name: 'agent',
          include: ['test/agent/**/*.test.ts'],
          globalSetup: ['test/agent/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          globalSetup: ['test/cluster/setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
