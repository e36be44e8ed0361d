import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readReview } from '../../../../src/ways/webhook/review.ts';
import { readReviewHead } from '../../../../src/ways/webhook/reviewHead.ts';
import { bodyOf, podOf } from '../../../support/webhook/samples.ts';

const headOf = (text: string): ReturnType<typeof readReviewHead> => readReviewHead(Buffer.from(text));

/** A review in the order of an API server: the object comes last. */
function reviewText(request: object, object: unknown, spaces?: number): string {
  return JSON.stringify(
    { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { ...request, object } },
    undefined,
    spaces,
  );
}

test('readReviewHead returns the same fields as a parser', () => {
  const string = fc.string({ unit: 'binary', maxLength: 30 });
  fc.assert(
    fc.property(
      string.filter((text) => text !== ''),
      string,
      string,
      fc.json(),
      fc.constantFrom(0, 1),
      (uid, name, namespace, json, spaces) => {
        const text = reviewText(
          {
            uid,
            kind: { group: 'uid', version: 'v1', kind: 'Pod' },
            name,
            namespace,
            userInfo: { uid: 'other', groups: ['name', 'uid'] },
          },
          JSON.parse(json),
          spaces,
        );
        const parsed = readReview(Buffer.from(text).toString('utf8'));
        const head = headOf(text);
        expect(head?.uid).toEqual(parsed?.uid);
        expect(head?.namespace).toEqual(parsed?.namespace);
        // Without a name in the request, a parser would take the object's.
        expect(name === '' ? '' : parsed?.name).toEqual(head?.name);
      },
    ),
  );
});

test('readReviewHead needs only the beginning of a review', () => {
  const text = bodyOf(podOf({}, { long: 'x'.repeat(1000) }));
  expect(headOf(text.slice(0, 900))).toEqual({
    apiVersion: 'admission.k8s.io/v1',
    uid: 'u-1',
    namespace: 'shop',
    name: '',
    dryRun: false,
  });
});

test('fields inside of the object are ignored', () => {
  const text = reviewText({ uid: 'u-1', namespace: 'shop' }, { request: { uid: 'forged' }, uid: 'forged', kind: 'x' });
  expect(headOf(text)).toMatchObject({ uid: 'u-1', namespace: 'shop' });
});

describe('readReviewHead returns undefined for', () => {
  test.each<[string, string]>([
    ['nothing', ''],
    ['lists', '['.repeat(5000)],
    ['another kind', '{"kind":"Pod","apiVersion":"admission.k8s.io/v1","request":{"uid":"u"}}'],
    ['another group', '{"kind":"AdmissionReview","apiVersion":"example.com/v1","request":{"uid":"u"}}'],
    ['no uid', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"object":{"uid":"u"}}}'],
    ['a uid that is cut', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u'],
    ['a uid elsewhere', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","uid":"u","other":{"uid":"u"}}'],
    ['a uid in a list', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":["uid","u"]}'],
    [
      'a uid of 2000 characters',
      `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"${'u'.repeat(2000)}"}}`,
    ],
  ])('%s', (_, text) => {
    expect(headOf(text)).toBeUndefined();
  });
  test('random bytes, without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => readReviewHead(Buffer.from(bytes))).not.toThrow();
      }),
    );
  });
});
