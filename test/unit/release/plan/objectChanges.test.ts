import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  maskSecrets,
  nameOfObject,
  objectsOf,
  type ManifestObject,
} from '../../../../src/release/helm/renderedObjects.ts';
import { changesBetween, countChanges } from '../../../../src/release/plan/objectChanges.ts';

const config = (name: string, value: string): ManifestObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'tools' },
  data: { value },
});
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = (key: string): ManifestObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'certs', namespace: 'tools' },
  data: { 'tls.key': base64(key) },
});

describe('changes', () => {
  test('created, changed and deleted objects, each as a unified diff', () => {
    const changes = changesBetween(
      [config('gone', '1'), config('same', '1'), config('other', 'old')],
      [config('same', '1'), config('other', 'new'), config('fresh', '2')],
    );
    expect(changes.map(({ change, object }) => `${change} ${object}`)).toEqual([
      'create configmap/fresh in tools',
      'change configmap/other in tools',
      'delete configmap/gone in tools',
    ]);
    expect(countChanges(changes)).toBe('1 created, 1 changed, 1 deleted');
    expect(changes[1]?.diff).toBe(
      [
        '--- configmap/other in tools',
        '+++ configmap/other in tools',
        '@@ -1,6 +1,6 @@',
        ' apiVersion: v1',
        ' data:',
        '-  value: old',
        '+  value: new',
        ' kind: ConfigMap',
        ' metadata:',
        '   name: other',
        '',
      ].join('\n'),
    );
    expect(changes[0]?.diff).toMatch(/^--- \/dev\/null\n\+\+\+ configmap\/fresh in tools\n/);
    expect(changes[2]?.diff).toMatch(/^--- configmap\/gone in tools\n\+\+\+ \/dev\/null\n/);
  });

  test('the order of keys and documents is no change', () => {
    const [a, b] = [
      objectsOf('{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: "1", y: "2"}}'),
      objectsOf('---\ndata:\n  y: "2"\n  x: "1"\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n---\n'),
    ];
    expect(changesBetween(a, b)).toEqual([]);
  });

  test('a private key that changes is reported, and never printed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12 }), fc.uint8Array({ minLength: 12 }), (one, two) => {
        const texts = [one, two].map((bytes) => Buffer.from(bytes).toString('hex'));
        const changes = changesBetween([secret(texts[0] ?? '')], [secret(texts[1] ?? '')]);
        expect(changes).toHaveLength(texts[0] === texts[1] ? 0 : 1);
        for (const text of texts) {
          expect(JSON.stringify(changes)).not.toContain(text);
          expect(JSON.stringify(changes)).not.toContain(base64(text));
        }
      }),
      { numRuns: 50 },
    );
  });
});

test('both fields of a Secret are masked by what they mean, other objects stay as they are', () => {
  const plain = { ...secret(''), data: undefined, stringData: { 'tls.key': 'hush' } };
  const hidden = maskSecrets(plain)['stringData'];
  expect(hidden).toEqual(maskSecrets(secret('hush'))['data']);
  expect(hidden).toEqual({ 'tls.key': expect.stringMatching(/^\(4 bytes, sha256 [0-9a-f]{16}\)$/) });
  expect(maskSecrets(config('a', 'b'))).toEqual(config('a', 'b'));
});

test('documents without an object are ignored, and others are refused without their content', () => {
  expect(objectsOf('')).toEqual([]);
  expect(
    objectsOf('---\n# Source: a\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n').map(nameOfObject),
  ).toEqual(['namespace/shop']);
  for (const text of ['hush: 1', '- hush', 'kind: [hush', 'apiVersion: v1\nkind: Secret\nhush: 1']) {
    expect(() => objectsOf(text)).toThrow(/^the chart renders a document that is not a Kubernetes object$/);
  }
});
