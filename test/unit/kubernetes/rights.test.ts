import { expect, test } from 'vitest';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';
import { askRights } from '../../../src/kubernetes/rights.ts';

test('each right is requested only with fields of the API; a subresource is a field of its own', async () => {
  let input = '';
  const kubectl: Kubectl = async (_, call) => {
    input = call?.input ?? '';
    return { stdout: 'true\nfalse', stderr: '' };
  };
  const rights = [
    { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'web', way: 'patch' },
    { verb: 'create', group: '', resource: 'pods/exec', namespace: '' },
  ];
  expect(await askRights(kubectl, rights)).toEqual([rights[1]]);
  const { items } = JSON.parse(input) as { items: readonly { spec: { resourceAttributes: object } }[] };
  expect(items.map(({ spec }) => spec.resourceAttributes)).toEqual([
    { verb: 'patch', group: 'apps', namespace: 'shop', resource: 'deployments', name: 'web' },
    { verb: 'create', group: '', namespace: '', resource: 'pods', subresource: 'exec' },
  ]);
});
