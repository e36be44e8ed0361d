import { defineConfig } from 'vitest/config';
import { agentImage } from './scripts/images/names.ts';
import { patienceMs, testMs } from './test/support/patience.ts';
import { temporaryFolder } from './test/support/unit/temporaryFolder.ts';
import passedLine from './test/support/vitest/passedLine.ts';
import SlowFirst from './test/support/vitest/slowFirst.ts';

/** The commands of the tests name their image; those that are about its absence take it away. */
const env = { PACKET_CAPTURE_IMAGE: agentImage };

/** Attempts after the first, for tests of processes and clusters (docs/decisions/0055): none on a developer's machine. */
const retry = process.env['CI'] === undefined ? 0 : 1;

/** No test fails because the machine is slow: those that are about time say so themselves. */
const patient = { testTimeout: testMs, hookTimeout: testMs, expect: { poll: { timeout: patienceMs } } };

export default defineConfig({
  test: {
    reporters: ['default', passedLine],
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        test: {
          name: 'unit',
          env: { TMPDIR: temporaryFolder },
          globalSetup: ['test/support/unit/temporaryFolder.ts'],
          include: ['test/unit/**/*.test.ts'],
          // Pure functions share nothing: what they import is loaded once.
          isolate: false,
          pool: 'threads',
          maxWorkers: 2,
          ...patient,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'commands',
          retry,
          env,
          // The program as users start it: Node alone, yet a process for each call.
          include: ['test/commands/**/*.test.ts'],
          maxWorkers: 2,
          ...patient,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'webhook',
          retry,
          // The injector as it runs: TLS on loopback, real files, real signals.
          include: ['test/webhook/**/*.test.ts'],
          maxWorkers: 2,
          ...patient,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'chart',
          // Rendered by the real helm, 4 and 3; no cluster.
          include: ['test/chart/**/*.test.ts'],
          globalSetup: ['test/support/chart/setup.ts'],
          maxWorkers: 2,
          ...patient,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'agent',
          retry,
          include: ['test/agent/**/*.test.ts'],
          globalSetup: ['test/support/agent/setup.ts'],
          sequence: { groupOrder: 2 },
          // They mostly wait; each has network namespaces of its own.
          maxWorkers: 4,
          ...patient,
        },
      },
      {
        test: {
          name: 'cluster',
          retry,
          env,
          // On one node. They mostly wait; each has namespaces of its own, and each release an injection label of its
          // own.
          include: ['test/cluster/**/*.test.ts'],
          globalSetup: ['test/support/cluster/setup.ts'],
          sequence: { groupOrder: 3 },
          maxWorkers: 4,
          ...patient,
        },
      },
    ],
  },
});
