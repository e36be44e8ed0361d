import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { code, markdownTable } from '../../scripts/docs/markdownTable.ts';
import { replaceMarked } from '../../scripts/docs/marks.ts';
import { until } from '../support/agent/until.ts';
import { cli, kube } from '../support/cluster/clusterFixture.ts';
import { accountOf } from '../support/cluster/policyFixture.ts';
import { autopilot, autopilotViolations } from '../support/platforms/autopilot.ts';
import { fargate, fargateLabels, fargateViolations } from '../support/platforms/fargate.ts';
import { namespaceRanges, openshift, openshiftViolations, type Scc } from '../support/platforms/openshift.ts';
import { platformLabel, standIn, type Demand, type Violation } from '../support/platforms/standIn.ts';
import {
  answersTo,
  answerTo,
  answerToAll,
  appDeployment,
  appPod,
  chartPods,
  listOf,
  manifestWay,
  openShiftDocument,
  policyWay,
  refusedBy,
  sidecarConfigOf,
  webhookWay,
  type AdmissionWay,
} from '../support/platforms/world.ts';

const stamp = `platforms-${Date.now().toString(36)}`;
const parameters = `${stamp}-release`;
const docs = new URL('../../docs/platforms.md', import.meta.url);
const document = await openShiftDocument();
const scc = document.objects.find(({ kind }) => kind === 'SecurityContextConstraints') as unknown as Scc;

interface Platform {
  readonly title: string;
  readonly demands: readonly Demand[];
  readonly violations: readonly Violation[];
  /** What the platform itself writes into pods. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The release has the values of docs/openshift.md. */
  readonly ownUsers?: boolean;
}

const platforms: Readonly<Record<string, Platform>> = {
  autopilot: { title: 'GKE Autopilot', demands: autopilot, violations: autopilotViolations },
  fargate: { title: 'AWS Fargate', demands: fargate, violations: fargateViolations, labels: fargateLabels },
  restricted: {
    title: 'OpenShift, `restricted-v2`',
    demands: openshift(),
    violations: openshiftViolations,
    annotations: namespaceRanges,
    ownUsers: true,
  },
  scc: {
    title: 'OpenShift, the SCC',
    demands: openshift(scc),
    violations: openshiftViolations,
    annotations: namespaceRanges,
    ownUsers: true,
  },
};
const names = Object.keys(platforms);
const of = (name: string): Platform => platforms[name] as Platform;
const nameOf = (name: string): string => `${stamp}-${name}`;

const rows = [
  'install: injector, hooks, test',
  'install, with the values for OpenShift',
  'install with `hostNetwork: true`',
  'manifest',
  'patch',
  'webhook',
  'policy',
  'attach',
  'manifest, with the default user',
  'manifest with a mirror',
  'manifest for Pod Security `baseline`',
] as const;
type Row = (typeof rows)[number];
const cells = new Map(rows.map((title) => [title, new Map<string, string>()]));
function put(title: Row, name: string, cell: string): void {
  cells
    .get(title)
    ?.set(name, cell.replace('unable to validate against any security context constraint', 'no SCC fits'));
}
/** What a cell may say; anything else is a refusal that nobody has expected. */
const known = /^(injected|admitted|attached|left alone|refused: (autogke|invalid|fields|no SCC|`\w+`))/;
const unknownIn = (name: string): string[] =>
  [...cells.values()].flatMap((columns) => columns.get(name) ?? []).filter((cell) => !known.test(cell));
const row = (title: Row): Readonly<Record<string, string>> => Object.fromEntries(cells.get(title) ?? []);

let folder = '';
let clusterWide: readonly object[] = [];
const configs = new Map<boolean, string>();
const ways = new Map<boolean, { readonly webhook: AdmissionWay; readonly policy: AdmissionWay }>();
const waysOf = (name: string) => ways.get(of(name).ownUsers === true) as NonNullable<ReturnType<typeof ways.get>>;
const configFlags = (name: string): string[] => [
  '--sidecar-config',
  join(folder, `${of(name).ownUsers === true}.yaml`),
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-platforms-'));
  for (const ownUsers of [false, true]) {
    const config = await sidecarConfigOf(ownUsers ? document.values : {});
    configs.set(ownUsers, config);
    await writeFile(join(folder, `${ownUsers}.yaml`), config);
    const name = `${stamp}-${ownUsers ? 'own' : 'default'}`;
    ways.set(ownUsers, { webhook: await webhookWay(name, config), policy: policyWay(name, parameters, config) });
  }
  const namespaces = names.map((name) => {
    const { webhook, policy } = waysOf(name);
    const labels = { [platformLabel]: nameOf(name), [webhook.label]: 'enabled', [policy.label]: 'enabled' };
    return {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: nameOf(name), labels, annotations: of(name).annotations },
    };
  });
  const release = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: parameters } };
  await kube(['create', '-f', '-'], listOf([release, ...namespaces]));
  await Promise.all(names.map(async (name) => accountOf(nameOf(name))));
  const rights = document.objects
    .filter(({ kind }) => kind.startsWith('Role'))
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace: nameOf('scc') } }));
  const atAdmission = [...ways.values()].flatMap(({ webhook, policy }) => [...webhook.objects, ...policy.objects]);
  const standIns = names.flatMap((name) => standIn(nameOf(name), of(name).demands));
  clusterWide = [...atAdmission, ...standIns].filter((object) => !('data' in object));
  const running = names.map((name) => ({
    ...appPod(nameOf(name), 'running', { labels: of(name).labels ?? {} }),
    ...withScheduler(nameOf(name), 'running', of(name).labels),
  }));
  await kube(['create', '-f', '-'], listOf([...rights, ...running]));
  await kube(['create', '-f', '-'], listOf([...atAdmission, ...standIns]));
  const deployments = names.map((name) => appDeployment(nameOf(name), of(name).labels ?? {}));
  await kube(['create', '-f', '-'], listOf(deployments));
  await Promise.all([...names.map(inForce), acting('autopilot'), acting('scc')]);
  for (const name of names)
    await kube(['wait', '-n', nameOf(name), 'pod/running', '--for=condition=Ready', '--timeout=240s']);
});

afterAll(async () => {
  await kube(['delete', '--ignore-not-found', '-f', '-'], listOf(clusterWide));
  await kube(['delete', 'namespace', parameters, ...names.map(nameOf), '--ignore-not-found', '--wait=false']);
  await rm(folder, { recursive: true, force: true });
});

/** A pod that runs, of which attach is asked. */
function withScheduler(namespace: string, name: string, labels: Platform['labels']): object {
  const pod = appPod(namespace, name, { labels: labels ?? {} }) as { readonly spec: object };
  return {
    spec: {
      ...pod.spec,
      schedulerName: 'default-scheduler',
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
    },
  };
}

/** Waits until the API server has taken notice of the stand-in. */
async function inForce(name: string): Promise<void> {
  const { spec, ...pod } = appPod(nameOf(name), 'privileged') as { readonly spec: { readonly containers: object[] } };
  const containers = spec.containers.map((container) => ({ ...container, securityContext: { privileged: true } }));
  const refused = async (): Promise<boolean> =>
    (await answerTo({ ...pod, spec: { ...spec, containers } })).startsWith('refused: ');
  await until(`the stand-in ${nameOf(name)}`, refused);
}

/** Waits until the API server has taken notice of both ways: what they add is stored, or refused. */
async function acting(name: string): Promise<void> {
  for (const way of Object.values(waysOf(name)))
    await until(`injection by ${way.label}`, async () => (await byAdmission(name, way)) !== 'admitted');
}

/** A pod that a way at admission acts on. */
async function byAdmission(name: string, { annotation }: AdmissionWay): Promise<string> {
  const pod = appPod(nameOf(name), 'app', { labels: of(name).labels ?? {}, annotations: { [annotation]: 'true' } });
  return answerTo(pod);
}

/** The pods of the chart with three kinds of values, for each platform. */
const charts = {
  'install: injector, hooks, test': () => ({}),
  'install, with the values for OpenShift': () => document.values,
  'install with `hostNetwork: true`': (ownUsers: boolean) => ({
    ...(ownUsers ? document.values : {}),
    hostNetwork: true,
  }),
} as const satisfies Partial<Record<Row, (ownUsers: boolean) => object>>;

test.each(names)('%s: each of its rules refuses what it is about', async (name) => {
  const { violations, demands } = of(name);
  const { spec, ...pod } = appPod(nameOf(name), 'violating') as { readonly spec: { readonly containers: object[] } };
  const pods = violations.map(({ spec: more, container = {} }) => ({
    ...pod,
    spec: { ...spec, ...more, containers: spec.containers.map((own) => ({ ...own, ...container })) },
  }));
  const found = await answersTo(pods);
  expect(found).toEqual(violations.map(({ refusedBy: demand }) => `refused: ${demand}`));
  expect(new Set(found).size).toBe(demands.length);
});

describe.concurrent.each(names)('%s', (name) => {
  const own = of(name).ownUsers === true;
  const labels = of(name).labels ?? {};

  test('the pods of the chart', async () => {
    for (const [title, values] of Object.entries(charts)) {
      const pods = (await chartPods(values(own))).map((pod) => within(pod, nameOf(name)));
      put(title as keyof typeof charts, name, await answerToAll(pods));
    }
    expect(unknownIn(name)).toEqual([]);
  });

  test('each way of injection', async () => {
    const { webhook, policy } = waysOf(name);
    const mirror = { 'packet-capture/mirror': 'vxlan://collector.example:4789?vni=42' };
    const config = configs.get(own) ?? '';
    const plain = appPod(nameOf(name), 'app', { labels });
    const byManifest = {
      manifest: manifestWay(plain, config),
      'manifest, with the default user': manifestWay(plain, configs.get(false) ?? ''),
      'manifest with a mirror': manifestWay(appPod(nameOf(name), 'app', { labels, annotations: mirror }), config),
      'manifest for Pod Security `baseline`': manifestWay(plain, config, 'baseline'),
    } as const satisfies Partial<Record<Row, ReturnType<typeof manifestWay>>>;
    const answers = await answersTo(Object.values(byManifest).map(({ pod }) => pod));
    for (const [index, [title, { reason }]] of Object.entries(byManifest).entries())
      put(
        title as keyof typeof byManifest,
        name,
        reason === undefined ? (answers[index] ?? '') : `left alone: ${code(reason)}`,
      );
    for (const [title, way] of Object.entries({ webhook, policy })) {
      const answer = await byAdmission(name, way);
      put(title as 'webhook' | 'policy', name, answer === 'admitted' ? 'left alone' : answer);
    }
    const flags = ['-n', nameOf(name), '--dry-run', ...configFlags(name)];
    const { stdout, stderr } = await cli(['patch', 'deploy/web', '-o', 'json', ...flags]);
    put('patch', name, patchCell(stdout, stderr));
    expect(unknownIn(name)).toEqual([]);
  });

  test('attach', async () => {
    const flags = ['-n', nameOf(name), '--dry-run', ...configFlags(name)];
    const { exitCode, stderr } = await cli(['attach', 'running', ...flags]);
    put('attach', name, exitCode === 0 ? 'attached' : errorCell(stderr));
    expect(unknownIn(name)).toEqual([]);
  });
});

/** A pod in a namespace. */
function within(pod: object, namespace: string): object {
  const { metadata } = pod as { readonly metadata: object };
  return { ...pod, metadata: { ...metadata, namespace } };
}

function errorCell(stderr: string): string {
  const error = /error (\w+)/.exec(stderr)?.[1] ?? '';
  return `refused: ${code(error)}${/refused by/.test(stderr) ? `: ${refusedBy(stderr)}` : ''}`;
}

function patchCell(stdout: string, stderr: string): string {
  if (/error \w+/.test(stderr)) return errorCell(stderr);
  const { result, reason } = JSON.parse(stdout) as { readonly result: string; readonly reason?: string };
  return result === 'dry-run' ? 'injected' : `left alone: ${code(reason ?? result)}`;
}

test('GKE Autopilot admits the install, all ways of injection and attach; not a mirror, and not the host’s network', () => {
  for (const title of ['manifest', 'patch', 'webhook', 'policy'] as const)
    expect(row(title)['autopilot'], title).toBe('injected');
  expect(row('attach')['autopilot']).toBe('attached');
  expect(row('install: injector, hooks, test')['autopilot']).toBe('admitted');
  expect(row('manifest with a mirror')['autopilot']).toContain('autogke-default-linux-capabilities');
  expect(row('install with `hostNetwork: true`')['autopilot']).toContain('autogke-disallow-hostnamespaces');
});

test('docs/platforms.md has the results; UPDATE=1 writes them there', async () => {
  const table = markdownTable(
    ['', ...names.map((name) => of(name).title)],
    rows.map((title) => [title, ...names.map((name) => row(title)[name] ?? '')]),
  );
  const text = await readFile(docs, 'utf8');
  if (process.env['UPDATE'] === '1') await writeFile(docs, replaceMarked(text, 'stand-ins', table));
  expect(await readFile(docs, 'utf8')).toBe(replaceMarked(text, 'stand-ins', table));
});
