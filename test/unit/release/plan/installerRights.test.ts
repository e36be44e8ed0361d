import { expect, test } from 'vitest';
import { codedError } from '../../../../src/errors.ts';
import type { Kubectl } from '../../../../src/kubernetes/kubectl.ts';
import { askRights } from '../../../../src/kubernetes/rights.ts';
import { refusedFor, rightsFor, storageRights } from '../../../../src/release/plan/installerRights.ts';

const role = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name: 'hook', namespace: 'shop' },
  rules: [{ apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web', 'api'], verbs: ['get', 'patch'] }],
};
const configuration = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'x' },
};
const resources = [
  { name: 'roles', apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', namespaced: true },
  {
    name: 'mutatingwebhookconfigurations',
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    namespaced: false,
  },
];

test('creating an object needs rights for its kind, and creating a Role needs the rights that it grants', () => {
  const rights = rightsFor([role, configuration, role], resources).map(
    ({ need, verb, resource, namespace, name }) => `${need} ${verb} ${namespace}/${resource}/${name ?? ''}`,
  );
  expect(new Set(rights).size).toBe(rights.length);
  expect(rights).toContain('make create shop/roles/');
  expect(rights).toContain('make delete /mutatingwebhookconfigurations/');
  expect(rights).toContain('watch watch /mutatingwebhookconfigurations/');
  expect(rights.filter((right) => right.startsWith('grant'))).toEqual([
    'grant get shop/deployments/web',
    'grant patch shop/deployments/web',
    'grant get shop/deployments/api',
    'grant patch shop/deployments/api',
  ]);
});

interface Review {
  readonly spec: {
    readonly resourceAttributes: { readonly verb: string; readonly resource: string; readonly namespace: string };
  };
}

/** An API server that refuses these verbs. */
function refusing(...verbs: readonly string[]): Kubectl {
  return async (_, call) => {
    const { items } = JSON.parse(call?.input ?? '') as { readonly items: readonly Review[] };
    return {
      stdout: `${items.map(({ spec }) => String(!verbs.includes(spec.resourceAttributes.verb))).join('\n')}\n`,
      stderr: '',
    };
  };
}

test("helm's record needs rights of its own, wherever it is stored", () => {
  const kept = (driver?: string): string[] => [
    ...new Set(storageRights('tools', driver).map(({ resource }) => resource)),
  ];
  expect([kept(), kept(''), kept('secrets'), kept('configmap'), kept('sql')]).toEqual([
    ['secrets'],
    ['secrets'],
    ['secrets'],
    ['configmaps'],
    [],
  ]);
});

test('the rights that the API server does not allow are returned in order', async () => {
  expect((await askRights(refusing('list', 'delete'), storageRights('tools')))?.map(({ verb }) => verb)).toEqual([
    'list',
    'delete',
  ]);
  expect(await askRights(refusing(), [])).toEqual([]);
});

test('a user who may escalate does not need the rights that the Roles grant', async () => {
  const rights = rightsFor([role], resources);
  const verbs = async (kubectl: Kubectl): Promise<string[] | undefined> =>
    (await refusedFor(kubectl, rights))?.map(({ need, verb }) => `${need} ${verb}`);
  expect(await verbs(refusing('patch'))).toEqual(['make patch']);
  expect(await verbs(refusing('patch', 'bind'))).toEqual(['make patch', 'grant patch', 'grant patch']);
  expect(await verbs(refusing('patch', 'escalate'))).toEqual(['make patch', 'grant patch', 'grant patch']);
});

test('a cluster that does not answer is not a refusal', async () => {
  const silent: Kubectl = async () => {
    throw codedError('FORBIDDEN', 'Error from server (Forbidden): selfsubjectaccessreviews is forbidden: User "x"');
  };
  expect(await refusedFor(silent, storageRights('tools'))).toBeUndefined();
});
