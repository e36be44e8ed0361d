import { describe, expect, test } from 'vitest';
import { holds, parseLabelSelector, selectorOf, selectorText } from '../../../../src/kubernetes/api/labels.ts';

describe('a label selector', () => {
  const labels = { app: 'web', 'example.com/tier': 'front', empty: '', number: 5 };
  test.each<[string, boolean]>([
    ['app=web', true],
    ['app==web', true],
    ['app = web', true],
    ['app=api', false],
    ['app!=api', true],
    ['app!=web', false],
    ['absent!=web', true],
    ['example.com/tier=front,app', true],
    ['app,absent', false],
    ['!absent', true],
    ['!app', false],
    ['empty=', true],
    ['number=5', true],
    ['app in (api, web)', true],
    ['app in (api)', false],
    ['app notin (api)', true],
    ['absent notin (api)', true],
    ['absent in (api)', false],
    ['app in (api,web),example.com/tier notin (back),!absent', true],
    ['toString', false],
  ])('%s: %s', (selector, expected) => {
    expect(parseLabelSelector(selector).every((term) => holds(term, labels))).toBe(expected);
  });

  test.each(['', ',', 'app=web,', 'app=a=b', 'a b', 'app in web', 'app in (a', '=web', 'app>5'])(
    'is refused if it is not valid: "%s"',
    (selector) => {
      expect(() => parseLabelSelector(selector)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

test('selectorText writes a selector as kubectl reads it', () => {
  expect(
    selectorText({
      matchLabels: { app: 'web', 'shop.example/tier': 'front' },
      matchExpressions: [
        { key: 'env', operator: 'In', values: ['prod', 'test'] },
        { key: 'track', operator: 'NotIn', values: ['canary'] },
        { key: 'a', operator: 'Exists' },
        { key: 'b', operator: 'DoesNotExist' },
      ],
    }),
  ).toBe('app=web,shop.example/tier=front,env in (prod,test),track notin (canary),a,!b');
});

test('a Service and a ReplicationController select by a plain map', () => {
  for (const kind of ['Service', 'ReplicationController']) {
    expect(selectorText(selectorOf({ kind, spec: { selector: { app: 'web', matchLabels: 'x' } } }))).toBe(
      'app=web,matchLabels=x',
    );
  }
  expect(selectorText(selectorOf({ kind: 'Deployment', spec: { selector: { matchLabels: { app: 'web' } } } }))).toBe(
    'app=web',
  );
});

test('a parsed selector is written unchanged', () => {
  const text = 'app=web,!legacy,track in (canary,beta),tier notin (db),a';
  expect(parseLabelSelector(text).map(({ key }) => key)).toEqual(['app', 'legacy', 'track', 'tier', 'a']);
  expect(selectorText({ matchExpressions: parseLabelSelector(text) })).toBe(text);
});
