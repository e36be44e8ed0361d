import { expect, test } from 'vitest';
import { finding } from '../../../../src/release/plan/preflightFindings.ts';
import { formatResult, type InstallResult } from '../../../../src/release/report/installSummary.ts';

const workload = {
  kind: 'Deployment',
  name: 'web',
  optedIn: false,
  pods: 2,
  injectedPods: 0,
  rollout: '2 of 2 pods updated, 2 available',
};
const result: InstallResult = {
  result: 'installed',
  release: 'capture',
  namespace: 'tools',
  revision: 3,
  chart: 'packet-capture 0.1.0',
  versions: { helm: '4.3.1', kubectl: '1.37.2', kubernetes: '1.37.2' },
  images: { injector: 'i:1', sidecars: ['a:1', 'b:1'] },
  certificates: { mode: 'baked', action: 'keep', text: 'kept as they are', notAfter: '2028-11-21T21:31:55.000Z' },
  webhooks: [
    {
      configuration: 'capture.tools',
      name: 'x',
      failurePolicy: 'Ignore',
      service: { name: 'capture', namespace: 'tools' },
    },
  ],
  policies: [],
  injectionProven: true,
  targets: [{ namespace: 'shop', optedIn: true, workloads: [{ ...workload, optedIn: true, injectedPods: 1 }] }],
  findings: [],
  next: ['kubectl one', 'kubectl two'],
};

test('the summary of an install', () => {
  expect(formatResult(result)).toEqual([
    'release      capture, revision 3, packet-capture 0.1.0, installed',
    'namespace    tools',
    'injector     i:1',
    'injects      a:1, b:1',
    'certificates baked, kept as they are, until 2028-11-21',
    'webhooks     1 in capture.tools, failurePolicy Ignore',
    'injection    works: the API server injects a pod',
    'target       namespace shop: opted in',
    '               deployment/web: opted in, 1 of 2 pods have the sidecar; 2 of 2 pods updated, 2 available',
    'next         kubectl one',
    '             kubectl two',
  ]);
  expect(formatResult({ ...result, injectionProven: false })).toContain(
    'injection    not tested: you may not create pods there',
  );
});

test('a dry run reports what the targets would get, but not without hooks', () => {
  const dry: InstallResult = {
    ...result,
    result: 'dry-run',
    injectionProven: null,
    targets: [{ namespace: 'shop', optedIn: false, workloads: [workload] }],
  };
  expect(formatResult(dry).slice(6, 8)).toEqual([
    'target       namespace shop: would be opted in',
    '               deployment/web: would be opted in: its pods (2) would be replaced by ones with the sidecar',
  ]);
  const without = formatResult({ ...dry, findings: [finding('hooks_disabled', 'x', 'y')] });
  expect(without).toContain('target       namespace shop: not opted in');
});
