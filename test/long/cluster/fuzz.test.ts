import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { kube } from '../../support/cluster/clusterFixture.ts';
import { faultFixture, installFaultFixture, removeFaultFixture } from '../../support/cluster/faultFixture.ts';
import { loadReleaseImages } from '../../support/cluster/helmFixture.ts';
import type { FuzzReport } from '../../support/long/podFuzz.ts';

const node = inject('node');
const fixture = faultFixture('fuzz');
const levels = ['privileged', 'baseline'] as const;

function namespaces(): object[] {
  return levels.flatMap((level) =>
    ['plain', 'injected'].map((kind) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: `fuzz-${level}-${kind}`,
        labels: {
          'pod-security.kubernetes.io/enforce': level,
          ...(kind === 'injected' ? { 'fuzz/injection': 'enabled' } : {}),
        },
      },
    })),
  );
}

beforeAll(async () => {
  await loadReleaseImages();
  await installFaultFixture(fixture);
  await kube(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: namespaces() }));
});
afterAll(async () => {
  await removeFaultFixture(fixture);
  await kube(
    ['delete', '--ignore-not-found', '--wait=false', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: namespaces() }),
  );
});

test('of 3000 generated pods, those that the API server accepts are accepted after injection too, with all their fields', async () => {
  const pairs = levels.map((level) => `fuzz-${level}-plain=fuzz-${level}-injected`);
  const { exitCode, stdout, stderr } = await runInNetns(node, [
    process.execPath,
    join(import.meta.dirname, '../../support/long/podFuzz.ts'),
    node.kubeconfig,
    '3000',
    ...pairs,
  ]);
  expect(exitCode, stderr).toBe(0);
  const { refused, changed, ...counts } = JSON.parse(stdout) as FuzzReport;
  console.log(JSON.stringify(counts));
  expect({ refused, changed }).toEqual({ refused: [], changed: [] });
  expect(counts.accepted).toBeGreaterThan(500);
  expect(counts.injected).toBeGreaterThan(300);
});
