import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTargets } from '../../../../src/release/hooks/parseTargets.ts';
import { formatRecord, parseRecord } from '../../../../src/release/hooks/record.ts';
import {
  targetKinds,
  targetName,
  targetPath,
  uniqueTargets,
  withoutTargets,
  type TargetObject,
} from '../../../../src/release/hooks/targetObject.ts';

const names = (objects: readonly TargetObject[]): readonly string[] => objects.map(targetName);

describe('targets', () => {
  test('namespaces come before workloads, each once', () => {
    const text = JSON.stringify([
      { namespace: 'shop', deployments: ['web', 'api.v1'], daemonSets: ['node'] },
      { namespace: 'bank' },
      { namespace: 'shop', deployments: ['web'], statefulSets: ['db'] },
    ]);
    expect(names(parseTargets(text, '--targets'))).toEqual([
      'namespace/bank',
      'namespace/shop',
      'deployment/api.v1 in shop',
      'deployment/web in shop',
      'statefulset/db in shop',
      'daemonset/node in shop',
    ]);
  });

  test('none', () => {
    expect(parseTargets('[]', '--targets')).toEqual([]);
  });

  test.each([
    ['', 'not JSON'],
    ['{}', 'must be a list'],
    ['null', 'must be a list'],
    ['["shop"]', 'targets[0] must be a mapping'],
    ['[{"namespace":"a"},{}]', 'targets[1].namespace'],
    ['[{"namespace":"a.b"}]', 'targets[0].namespace'],
    ['[{"namespace":"../kube-system"}]', 'targets[0].namespace'],
    [`[{"namespace":"${'a'.repeat(64)}"}]`, 'targets[0].namespace'],
    [
      '[{"namespace":"a","deployment":["web"]}]',
      'unknown key "targets[0].deployment"; known are namespace, deployments',
    ],
    ['[{"namespace":"a","deployments":"web"}]', 'targets[0].deployments must be a list'],
    ['[{"namespace":"a","statefulSets":["db",""]}]', 'targets[0].statefulSets[1]'],
    ['[{"namespace":"a","daemonSets":["a/../b"]}]', 'targets[0].daemonSets[0]'],
    ['[{"namespace":"a","daemonSets":["Web"]}]', 'targets[0].daemonSets[0]'],
  ])('refused: %s', (text, what) => {
    expect(() => parseTargets(text, '--targets')).toThrow(
      expect.objectContaining({ code: 'TARGETS_INVALID', where: '--targets', message: expect.stringContaining(what) }),
    );
  });

  test('paths', () => {
    expect(targetPath({ kind: 'Namespace', namespace: '', name: 'shop' })).toBe('/api/v1/namespaces/shop');
    expect(targetPath({ kind: 'StatefulSet', namespace: 'shop', name: 'db' })).toBe(
      '/apis/apps/v1/namespaces/shop/statefulsets/db',
    );
  });

  test('the difference', () => {
    const all = parseTargets(
      '[{"namespace":"a","deployments":["x","y"]},{"namespace":"b","deployments":["x"]}]',
      'here',
    );
    const kept = parseTargets('[{"namespace":"a","deployments":["x"],"daemonSets":["y"]}]', 'here');
    expect(names(withoutTargets(all, kept))).toEqual(['namespace/b', 'deployment/y in a', 'deployment/x in b']);
  });
});

describe('the record', () => {
  const keys = { namespaceLabel: 'packet-capture/injection', annotation: 'packet-capture/inject' };
  const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
  const object = fc
    .record({ kind: fc.constantFrom(...targetKinds), namespace: name, name })
    .map((row): TargetObject => (row.kind === 'Namespace' ? { ...row, namespace: '' } : row));

  test('is read as it was written, and is the same text for the same objects', () => {
    fc.assert(
      fc.property(fc.array(object), (objects) => {
        const text = formatRecord({ keys, objects });
        expect(parseRecord(text, 'here')).toEqual({ keys, objects: uniqueTargets(objects) });
        expect(formatRecord({ keys, objects: objects.toReversed() })).toBe(text);
      }),
    );
  });

  test('its format', () => {
    const objects = parseTargets('[{"namespace":"shop","deployments":["web"]}]', 'here');
    expect(formatRecord({ keys, objects })).toBe(
      '{"version":1,"keys":{"namespaceLabel":"packet-capture/injection","annotation":"packet-capture/inject"},' +
        '"objects":[{"kind":"Namespace","name":"shop"},{"kind":"Deployment","namespace":"shop","name":"web"}]}',
    );
  });

  test.each([
    ['', 'not JSON'],
    ['null', 'version'],
    ['{"version":2}', 'version'],
    ['{"version":1}', 'keys'],
    ['{"version":1,"keys":{"namespaceLabel":"a","annotation":"b"}}', 'objects are not a list'],
    [
      '{"version":1,"keys":{"namespaceLabel":"a","annotation":"b"},"objects":[{"kind":"Pod","namespace":"a","name":"b"}]}',
      'objects[0]',
    ],
    [
      '{"version":1,"keys":{"namespaceLabel":"a","annotation":"b"},"objects":[{"kind":"Deployment","name":"b"}]}',
      'objects[0]',
    ],
    [
      '{"version":1,"keys":{"namespaceLabel":"a","annotation":"b"},"objects":[{"kind":"Deployment","namespace":"a/b","name":"b"}]}',
      'objects[0]',
    ],
  ])('refused: %s', (text, what) => {
    expect(() => parseRecord(text, 'configmap/x')).toThrow(
      expect.objectContaining({ code: 'RECORD_INVALID', where: 'configmap/x', message: expect.stringContaining(what) }),
    );
  });
});
