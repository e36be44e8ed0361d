import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { chartRoles } from '../../scripts/audit/rights.ts';
import { capture } from '../../scripts/cluster/command.ts';
import { readSidecarConfig } from '../../src/sidecar/index.ts';
import { yamlValue } from '../../src/ways/manifest/yamlValue.ts';
import { auditObjects, auditSets, isPolicy, renderFlags, type AuditSet } from '../support/audit/auditSets.ts';
import { selects } from '../support/chart/admission.ts';
import { helmTemplate, idOf, podTemplates, withRegistry, type KubernetesObject } from '../support/chart/helm.ts';
import { site } from '../support/chart/valueSets.ts';

const sets = await auditSets();
const rendered = new Map<string, readonly KubernetesObject[]>();
const objectsOf = ({ name }: AuditSet): readonly KubernetesObject[] => rendered.get(name) ?? [];
const ofKind = (set: AuditSet, kind: string): readonly KubernetesObject[] =>
  objectsOf(set).filter((object) => object.kind === kind);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-audit-'));
  for (const set of sets) rendered.set(set.name, await auditObjects(set));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

test('one NetworkPolicy selects each pod, unless they are off', () => {
  for (const set of sets) {
    const policies = ofKind(set, 'NetworkPolicy');
    const wanted = set.values.networkPolicy?.enabled === false || isPolicy(set) ? 0 : 1;
    for (const { id, metadata } of podTemplates(objectsOf(set))) {
      const selecting = policies.filter(({ spec }) => selects(spec.podSelector, metadata.labels ?? {}));
      expect(selecting.length, `${set.name}: ${id}`).toBe(wanted);
      for (const { spec } of selecting) expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    }
  }
});

test('a PodDisruptionBudget lets injectors leave their nodes, one after the other', () => {
  for (const set of sets) {
    const { autoscaling, replicas = 2 } = set.values;
    const least = autoscaling?.enabled === true ? (autoscaling.minReplicas ?? 2) : replicas;
    for (const { spec } of ofKind(set, 'PodDisruptionBudget')) {
      const { minAvailable = '0%', maxUnavailable = 1 } = spec;
      // Of a percentage, less than all must stay.
      const stay = typeof minAvailable === 'number' ? minAvailable : (Number.parseInt(minAvailable, 10) / 100) * least;
      expect(stay, set.name).toBeLessThan(least);
      expect(maxUnavailable, set.name).not.toBe(0);
    }
  }
});

test.each([
  [{ podDisruptionBudget: { minAvailable: '51%' } }, 'minAvailable is not less than replicas'],
  [
    { autoscaling: { enabled: true, minReplicas: 2 }, podDisruptionBudget: { minAvailable: 2 } },
    'minAvailable is not less than autoscaling.minReplicas',
  ],
  [{ podDisruptionBudget: { maxUnavailable: 0 } }, 'maxUnavailable is 0'],
  [{ podDisruptionBudget: { maxUnavailable: '0%' } }, 'maxUnavailable is 0'],
])('the values %j, with which no node could be drained, are refused', async (values, problem) => {
  const { exitCode, stderr } = await helmTemplate(values);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain(`podDisruptionBudget.${problem}: no node could be drained`);
});

test('no pod mounts the host, shares its processes, or runs without requests and limits', () => {
  for (const set of sets) {
    for (const { id, spec } of podTemplates(objectsOf(set))) {
      const place = `${set.name}: ${id}`;
      for (const volume of spec['volumes'] ?? []) expect(volume, place).not.toHaveProperty('hostPath');
      expect([spec['hostPID'], spec['hostIPC']], place).toEqual([undefined, undefined]);
      // A user may take them away.
      if (id.startsWith('Deployment') && set.values.resources === null) continue;
      for (const { resources } of spec['containers'])
        expect(resources, place).toMatchObject({
          limits: { memory: expect.anything() },
          requests: { cpu: expect.anything() },
        });
    }
  }
});

/** The images that a release runs or puts into pods. */
function imagesOf(set: AuditSet): string[] {
  const own = podTemplates(objectsOf(set)).flatMap(({ spec }) => spec['containers'] as readonly { image: string }[]);
  const texts = ofKind(set, 'ConfigMap').flatMap(({ data = {} }) => {
    if (typeof data['sidecarconfig.yaml'] === 'string') return [data['sidecarconfig.yaml']];
    // The parameters of a policy.
    return typeof data['image'] === 'string' ? [`agent: {image: ${data['image']}}`] : [];
  });
  const injected = texts.flatMap((text) => {
    const config = readSidecarConfig(yamlValue(text, 'sidecarconfig.yaml'), 'sidecarconfig.yaml');
    return config.form === 'agent'
      ? [config.agent.image]
      : [...config.containers, ...config.initContainers].map(({ image = '' }) => image);
  });
  return [...new Set([...own.map(({ image }) => image), ...injected])].toSorted();
}

test('the line of docs/audit.md lists every image that a release needs', async () => {
  const text = await readFile(new URL('../../docs/audit.md', import.meta.url), 'utf8');
  const [, pipe = ''] = /helm template [^|]* (\| grep .* sort -u)\n/.exec(text) ?? [];
  expect(pipe).toContain('grep');
  const usual = [
    'defaults',
    "a sidecar of the user's own",
    "the article's keys and sidecar",
    'images',
    'targets',
    'policy',
  ];
  for (const set of sets.filter(({ name }) => usual.includes(name))) {
    await writeFile(join(folder, 'values.json'), JSON.stringify(withRegistry(set.values)));
    const flags = [`--namespace ${site.namespace} --values "$VALUES"`, ...renderFlags(set)].join(' ');
    const line = `"$HELM" template ${site.release} ./chart ${flags} ${pipe}`;
    const env = { HELM: inject('helm')[4], VALUES: join(folder, 'values.json') };
    const { stdout, stderr } = await capture(['bash', '-o', 'pipefail', '-c', line], { env });
    const listed = stdout.split('\n').map((one) => one.replace(/^image: "?/, ''));
    expect(
      listed.filter((one) => one !== ''),
      `${set.name}: ${stderr}`,
    ).toEqual(imagesOf(set));
    expect(imagesOf(set).length, set.name).toBe(isPolicy(set) ? 1 : 2);
  }
});

const allOf = (...kinds: readonly string[]): readonly KubernetesObject[] =>
  [...rendered.values()].flat().filter(({ kind }) => kinds.includes(kind));

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

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
  const seen = new Set(allOf('Role', 'ClusterRole').flatMap(rightsOf));
  expect(seen.size).toBeGreaterThan(20);
  expect([...seen].toSorted()).toEqual(written.toSorted());
  for (const { rights } of chartRoles) for (const { why } of rights) expect(why.length).toBeGreaterThan(10);
});

describe('no role of the chart', () => {
  test('reads or writes Secrets, in the cluster or in a namespace', () => {
    const roles = allOf('Role', 'ClusterRole');
    expect(roles.length).toBeGreaterThan(10);
    expect(roles.filter(({ rules }) => /"(secrets|\*)"/.test(JSON.stringify(rules))).map(idOf)).toEqual([]);
  });

  test('is bound in the whole cluster', () => {
    expect(allOf('ClusterRoleBinding')).toEqual([]);
  });

  test('may give rights to others, act as others, or make tokens', () => {
    const text = JSON.stringify(allOf('Role', 'ClusterRole').map(({ rules }) => rules));
    for (const word of ['escalate', 'bind', 'impersonate', 'serviceaccounts/token', 'rbac.authorization.k8s.io'])
      expect(text).not.toContain(`"${word}"`);
  });
});

test('each RoleBinding gives its Role to the service account of the hooks alone', () => {
  const bindings = allOf('RoleBinding');
  expect(bindings.length).toBeGreaterThan(5);
  for (const { metadata, roleRef, subjects } of bindings) {
    expect(roleRef, metadata.name).toMatchObject({ kind: 'Role', name: metadata.name });
    expect(subjects, metadata.name).toEqual([
      { kind: 'ServiceAccount', name: expect.stringMatching(/-hook$/), namespace: expect.any(String) },
    ]);
  }
});
