import { expect, test } from 'vitest';
import { podTargetOf, somePodsOf } from '../../../../src/cli/flags/podFlags.ts';

test('pods are chosen by a name, by labels, or all', () => {
  expect(podTargetOf('deploy/web', { namespace: 'shop' })).toEqual({ name: 'deploy/web', namespace: 'shop' });
  expect(podTargetOf(undefined, { selector: 'app=web', allNamespaces: true })).toEqual({
    selector: 'app=web',
    allNamespaces: true,
  });
  expect(podTargetOf(undefined, {})).toEqual({});
});

test.each([
  ['web-1', { selector: 'app=web' }],
  ['web-1', { allNamespaces: true }],
  [undefined, { allNamespaces: true, namespace: 'shop' }],
])('%s with %o is wrong usage', (name, flags) => {
  expect(() => podTargetOf(name, flags)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('a command that changes pods needs a selection', () => {
  expect(() => somePodsOf(undefined, { allNamespaces: true })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(somePodsOf(undefined, { selector: 'app=web' })).toEqual({ selector: 'app=web' });
});
