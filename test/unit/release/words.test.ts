import { describe, expect, test } from 'vitest';
import { interruptionHint, interruptionText } from '../../../src/release/apply/apply.ts';
import { relatedWarnings, refusedClients } from '../../../src/release/apply/diagnostics.ts';
import { historyOf, type ReleaseHistory } from '../../../src/release/helm/release.ts';
import { intentOf } from '../../../src/release/helm/releaseValues.ts';
import { kubectlLines } from '../../../src/release/report/targetsState.ts';

const history = (...statuses: readonly string[]): ReleaseHistory | undefined =>
  historyOf(
    statuses.map((status, index) => ({ revision: index + 1, status, chart: 'packet-capture-0.1.0', description: '' })),
  );

describe('after Ctrl-C', () => {
  test.each([
    [history(), 'interrupted before anything was changed', 'Run the command again.'],
    [
      history('failed'),
      'interrupted: revision 1 is failed',
      'Run the command again to continue, or go back: helm uninstall web --namespace tools.',
    ],
    [
      history('deployed', 'failed'),
      'interrupted: revision 2 is failed; revision 1 ran before',
      'Run the command again to continue, or go back: helm rollback web 1 --namespace tools.',
    ],
    [
      history('deployed', 'pending-upgrade'),
      'interrupted: revision 2 is pending-upgrade; revision 1 ran before',
      'Helm refuses to continue until: helm rollback web 1 --namespace tools.',
    ],
    [
      history('superseded', 'deployed'),
      'interrupted: revision 2 is deployed',
      'That revision runs; run the command again for the rest.',
    ],
  ])('%#', (state, text, hint) => {
    expect(interruptionText(state)).toBe(text);
    expect(interruptionHint(state, 'web', 'tools')).toBe(hint);
  });
});

test('warnings are those of the problem, of its owners, and of pods that are gone', () => {
  const event = (
    kind: string,
    name: string,
    message: string,
    type = 'Warning',
  ): Parameters<typeof relatedWarnings>[0][number] => ({
    type,
    reason: 'Failed',
    message,
    involvedObject: { kind, name },
    metadata: { name: message },
    lastTimestamp: '2026-11-22T12:00:00Z',
  });
  const events = [
    event('Pod', 'capture-1', 'the problem'),
    event('Pod', 'capture-2', 'of another pod'),
    event('Pod', 'capture-opt-in-x', 'of a pod that is gone'),
    event('Job', 'capture-opt-in', 'deadline'),
    event('Pod', 'web-1', 'of somebody else'),
    event('Pod', 'capture-1', 'all is well', 'Normal'),
  ];
  const pods = ['capture-1', 'capture-2', 'web-1'].map((name) => ({ metadata: { name } }));
  const problem = { pod: 'capture-1', since: '', reason: '', message: '', log: 'none' as const };
  expect(relatedWarnings(events, 'capture', pods, [problem]).map((line) => line.split(': ').at(-1))).toEqual([
    'of a pod that is gone',
    'deadline',
    'the problem',
  ]);
});

test('clients that the injector refused are named once each, as they were last', () => {
  const line = (address: string, certificate: string): string =>
    JSON.stringify({ time: '', event: 'client_refused', address, certificate, before: 0 });
  const log = [
    '{"event":"ready"}',
    line('10.0.0.1', 'none'),
    line('::ffff:10.0.0.2', 'none'),
    '"client_refused" cut o',
    line('10.0.0.1', 'CERT_HAS_EXPIRED'),
    '',
  ].join('\n');
  const found = refusedClients(log);
  expect(found).toHaveLength(2);
  expect(found[0]).toMatch(/refused 10\.0\.0\.1: its client certificate is refused \(CERT_HAS_EXPIRED\)/);
  expect(found[1]).toMatch(/refused 10\.0\.0\.2: it presents no client certificate.*docs\/injector\.md/);
  expect(refusedClients('')).toEqual([]);
});

test('the commands that do and undo the work of the hooks', () => {
  const intent = intentOf({
    injection: { namespaceLabel: 'l', annotation: 'a/b' },
    targets: [{ namespace: 'shop', deployments: ['web'], statefulSets: ['db'] }],
  });
  const patch = (value: string): string =>
    `--namespace shop --patch '{"spec":{"template":{"metadata":{"annotations":{"a/b":${value}}}}}}'`;
  expect(kubectlLines(intent)).toEqual([
    'kubectl label namespace shop l=enabled',
    `kubectl patch deployments/web ${patch('"true"')}`,
    `kubectl patch statefulsets/db ${patch('"true"')}`,
  ]);
  expect(kubectlLines(intent, true)).toEqual([
    `kubectl patch deployments/web ${patch('null')}`,
    `kubectl patch statefulsets/db ${patch('null')}`,
    'kubectl label namespace shop l-',
  ]);
});
