import { expect, test } from 'vitest';
import { targetFindings } from '../../../../src/diagnosis/judge/targetFindings.ts';
import type { Inventory } from '../../../../src/diagnosis/read/inventory.ts';
import type { ReleaseState } from '../../../../src/diagnosis/read/releaseState.ts';

const keys = { namespaceLabel: 'packet-capture/injection', annotation: 'packet-capture/inject' };
const objects = [
  { kind: 'Namespace', namespace: '', name: 'shop' },
  { kind: 'Deployment', namespace: 'shop', name: 'web' },
] as const;
const state = { release: { object: 'packet-capture.tools' }, record: { keys, objects } } as unknown as ReleaseState;

function found(labels: Record<string, string> | undefined, annotations: Record<string, string> | undefined): string[] {
  const namespaces = labels === undefined ? [] : [{ metadata: { name: 'shop', labels } }];
  const web = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { template: { metadata: { annotations } } },
  };
  const inventory = { namespaces, pods: [], workloads: annotations === undefined ? [] : [web] } as unknown as Inventory;
  return targetFindings([state], inventory).map(({ code, where }) => `${code}: ${where}`);
}

test('targets that are not opted in any more are reported', () => {
  expect(found({ 'packet-capture/injection': 'enabled' }, { 'packet-capture/inject': 'true' })).toEqual([]);
  expect(found({}, {})).toEqual(['target_not_opted_in: namespace shop', 'target_not_opted_in: deployment/web in shop']);
});

test('missing objects and objects that opt out are not reported', () => {
  expect(found(undefined, undefined)).toEqual([]);
  expect(found({ 'packet-capture/injection': 'disabled' }, { 'packet-capture/inject': 'false' })).toEqual([]);
});

test('a release without a record has no findings', () => {
  const { record: _record, ...without } = state as unknown as Record<string, unknown>;
  const inventory: Inventory = { namespaces: [{ metadata: { name: 'shop' } }], pods: [], workloads: [] };
  expect(targetFindings([without as unknown as ReleaseState], inventory)).toEqual([]);
});
