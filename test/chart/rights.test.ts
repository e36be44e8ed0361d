import { beforeAll, describe, expect, test } from 'vitest';
import { chartRoles } from '../../scripts/audit/rights.ts';
import { auditObjects, auditSets } from '../support/audit/auditSets.ts';
import { idOf, type KubernetesObject } from '../support/chart/helm.ts';
import { site } from '../support/chart/valueSets.ts';

const sets = await auditSets();
let objects: readonly KubernetesObject[] = [];
const ofKinds = (...kinds: readonly string[]): readonly KubernetesObject[] =>
  objects.filter(({ kind }) => kinds.includes(kind));

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

beforeAll(async () => {
  for (const set of sets) objects = [...objects, ...(await auditObjects(set))];
});

/** The names of a render in the words of the documentation. */
function inWords(name: string, fullname: string): string {
  return name
    .replace(`${fullname}.${namespaceOf(fullname)}`, 'NAME.NAMESPACE')
    .replace(new RegExp(`^${fullname}(?=-)`), 'NAME');
}

/** One of the value sets has another name and another namespace. */
const namespaceOf = (fullname: string): string => (fullname === 'capture' ? 'chart-other' : site.namespace);

function rightsOf({ kind, metadata, rules }: KubernetesObject): string[] {
  const fullname = metadata.name.startsWith('capture') ? 'capture' : site.release;
  const role = `${kind} ${inWords(metadata.name, fullname)}`;
  return (rules as readonly Rule[]).flatMap(({ apiGroups, resources, resourceNames, verbs, ...rest }) => {
    expect(rest).toEqual({});
    return apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        (resourceNames ?? ['']).flatMap((name) =>
          verbs.map((verb) => `${role}: ${verb} ${resource}.${group} ${only(resource, inWords(name, fullname))}`),
        ),
      ),
    );
  });
}

function only(resource: string, name: string): string {
  if (resource === 'namespaces') return 'the target';
  return ['deployments', 'statefulsets', 'daemonsets'].includes(resource) ? 'each named one' : name;
}

const written = chartRoles.flatMap(({ kind, name: role, rights }) =>
  rights.map(({ group, resource, name = '', verb }) => `${kind} ${role}: ${verb} ${resource}.${group} ${name}`),
);

test('each rule that the chart renders has a reason in scripts/audit/rights.ts, and each reason has a rule', () => {
  const seen = new Set(ofKinds('Role', 'ClusterRole').flatMap(rightsOf));
  expect(seen.size).toBeGreaterThan(20);
  expect([...seen].toSorted()).toEqual(written.toSorted());
  for (const { rights } of chartRoles) for (const { why } of rights) expect(why.length).toBeGreaterThan(10);
});

describe('no role of the chart', () => {
  test('reads or writes Secrets, in the cluster or in a namespace', () => {
    const roles = ofKinds('Role', 'ClusterRole');
    expect(roles.length).toBeGreaterThan(10);
    expect(roles.filter(({ rules }) => /"(secrets|\*)"/.test(JSON.stringify(rules))).map(idOf)).toEqual([]);
  });

  test('is bound in the whole cluster', () => {
    expect(ofKinds('ClusterRoleBinding')).toEqual([]);
  });

  test('may give rights to others, act as others, or make tokens', () => {
    const text = JSON.stringify(ofKinds('Role', 'ClusterRole').map(({ rules }) => rules));
    for (const word of ['escalate', 'bind', 'impersonate', 'serviceaccounts/token', 'rbac.authorization.k8s.io'])
      expect(text).not.toContain(`"${word}"`);
  });
});

test('each RoleBinding gives its Role to the service account of the hooks alone', () => {
  const bindings = ofKinds('RoleBinding');
  expect(bindings.length).toBeGreaterThan(5);
  for (const { metadata, roleRef, subjects } of bindings) {
    expect(roleRef, metadata.name).toMatchObject({ kind: 'Role', name: metadata.name });
    expect(subjects, metadata.name).toEqual([
      { kind: 'ServiceAccount', name: expect.stringMatching(/-hook$/), namespace: expect.any(String) },
    ]);
  }
});
