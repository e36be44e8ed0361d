import { describe, expect, test } from 'vitest';
import { formatAnswer } from '../../../../src/ways/webhook/answer.ts';
import { readReview } from '../../../../src/ways/webhook/review.ts';
import { bodyOf, podOf } from '../../../support/webhook/samples.ts';

describe('a body is not read as an AdmissionReview if it is', () => {
  const review = JSON.parse(bodyOf(podOf())) as Record<string, unknown>;
  test.each<[string, string]>([
    ['empty', ''],
    ['broken', bodyOf(podOf()).slice(0, -1)],
    ['text', 'hello'],
    ['null', 'null'],
    ['a number', '7'],
    ['a list', '[]'],
    ['deep nesting', '['.repeat(100_000)],
    ['deep nesting with an end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['another kind', JSON.stringify({ ...review, kind: 'Pod' })],
    ['another group', JSON.stringify({ ...review, apiVersion: 'v1' })],
    ['no version', JSON.stringify({ ...review, apiVersion: undefined })],
    ['no request', JSON.stringify({ ...review, request: undefined })],
    ['a request that is a list', JSON.stringify({ ...review, request: [] })],
    ['no uid', bodyOf(podOf(), { uid: undefined })],
    ['an empty uid', bodyOf(podOf(), { uid: '' })],
    ['a uid that is an object', bodyOf(podOf(), { uid: { a: 1 } })],
    [
      'a request by prototype',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","__proto__":{"request":{"uid":"1"}}}',
    ],
  ])('%s', (_, body) => {
    expect(readReview(body)).toBeUndefined();
  });
});

test('a review of the API server is read', () => {
  expect(readReview(bodyOf(podOf()))).toEqual({
    apiVersion: 'admission.k8s.io/v1',
    uid: 'u-1',
    createsPod: true,
    namespace: 'shop',
    name: 'web-*',
    dryRun: false,
    object: podOf(),
  });
});

describe('a review does not create a pod with', () => {
  test.each<[object]>([
    [{ operation: 'UPDATE' }],
    [{ operation: 'DELETE' }],
    [{ operation: undefined }],
    [{ subResource: 'eviction' }],
    [{ kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }],
    [{ kind: { group: 'metrics.k8s.io', version: 'v1', kind: 'Pod' } }],
    [{ kind: { group: '', version: 'v2', kind: 'Pod' } }],
    [{ kind: 'Pod' }],
    [{ kind: undefined }],
  ])('%j', (request) => {
    expect(readReview(bodyOf(podOf(), request))).toMatchObject({ uid: 'u-1', createsPod: false });
  });
});

test.each<[string, object, string]>([
  ['the name of the request', { name: 'web-1' }, 'web-1'],
  ['the name of the pod', { object: { metadata: { name: 'web-2', generateName: 'web-' } } }, 'web-2'],
  ['what its name is made of', {}, 'web-*'],
  ['none', { object: null }, ''],
])('the name in the log: %s', (_, request, name) => {
  expect(readReview(bodyOf(podOf(), request))?.name).toBe(name);
});

describe('the answer allows the request and', () => {
  const review = { apiVersion: 'admission.k8s.io/v1', uid: 'u-1' } as Parameters<typeof formatAnswer>[0];
  const answer = (verdict: Parameters<typeof formatAnswer>[1]): unknown => JSON.parse(formatAnswer(review, verdict));
  const common = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
  test('has a patch with its type', () => {
    const response = {
      uid: 'u-1',
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from('[1]').toString('base64'),
      auditAnnotations: { decision: 'opted_in' },
    };
    expect(
      answer({
        decision: 'injected',
        reason: 'opted_in',
        patch: { text: '[1]', base64: Buffer.from('[1]').toString('base64') },
        warnings: [],
      }),
    ).toEqual({ ...common, response });
  });
  test('has neither patch nor type when nothing is added', () => {
    expect(answer({ decision: 'skipped', reason: 'not_opted_in', warnings: [] })).toEqual({
      ...common,
      response: { uid: 'u-1', allowed: true, auditAnnotations: { decision: 'not_opted_in' } },
    });
  });
  test('has the warnings', () => {
    expect(answer({ decision: 'skipped', reason: 'windows', warnings: ['w'] })).toMatchObject({
      response: { allowed: true, warnings: ['w'] },
    });
    expect(
      answer({ decision: 'injected', reason: 'opted_in', patch: { text: '', base64: '' }, warnings: ['"w"'] }),
    ).toMatchObject({ response: { allowed: true, patchType: 'JSONPatch', warnings: ['"w"'] } });
  });
  test('has no audit annotation for a second call', () => {
    expect(answer({ decision: 'skipped', reason: 'already_injected', warnings: [] })).toEqual({
      ...common,
      response: { uid: 'u-1', allowed: true },
    });
  });
});
