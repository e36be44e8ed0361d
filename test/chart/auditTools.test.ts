import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lintFindings } from '../../scripts/audit/lintFindings.ts';
import { capture } from '../../scripts/cluster/command.ts';
import { moduleFile } from '../../scripts/cluster/moduleFile.ts';
import { noProgress, stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureKubeconform, ensureKubeScore } from '../../scripts/cluster/tools.ts';
import { minimums } from '../../src/minimums.ts';
import { auditObjects, auditSets, isPolicy } from '../support/audit/auditSets.ts';
import { kindsOf, supportedMinors, writeSchemas } from '../support/audit/schemaFolder.ts';
import { chart, idOf, ofKind, type KubernetesObject } from '../support/chart/helm.ts';

const sets = await auditSets();
const rendered = new Map<string, readonly KubernetesObject[]>();
let folder = '';
let kubeconform = '';
let kubeScore = '';

/** One judged object. */
interface Judged {
  readonly filename: string;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly msg: string;
}

beforeAll(async () => {
  kubeconform = await ensureKubeconform(stderrProgress);
  kubeScore = await ensureKubeScore(stderrProgress);
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-schemas-'));
  for (const set of sets) rendered.set(set.name, await auditObjects(set));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

/** What kubeconform says of objects, with the schemas of Kubernetes 1.NN; it has no others. */
async function judge(minor: number, objects: Readonly<Record<string, readonly object[]>>): Promise<readonly Judged[]> {
  const at = await mkdtemp(join(folder, `objects-1.${minor}-`));
  for (const [name, items] of Object.entries(objects))
    await writeFile(join(at, `${name}.yaml`), items.map((item) => JSON.stringify(item)).join('\n---\n'));
  const location = join(folder, `1.${minor}`, '{{.ResourceKind}}{{.KindSuffix}}.json');
  const flags = ['-strict', '-verbose', '-output', 'json', '-schema-location', location];
  const { stdout, stderr } = await capture([kubeconform, ...flags, at]);
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as { readonly resources: readonly Judged[] }).resources;
}

const faults = (judged: readonly Judged[]): string[] =>
  judged
    .filter(({ status }) => status !== 'statusValid')
    .map(({ filename, kind, name, msg }) => `${filename.split('/').at(-1)}: ${kind} ${name}: ${msg}`)
    .toSorted();

test('a Go module with another sum than the one that is written is not read', async () => {
  const module = 'github.com/yannh/kubeconform';
  const wanted = { module, version: 'v0.8.0', sum: 'h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' };
  await expect(moduleFile(wanted, 'LICENSE', noProgress)).rejects.toThrow(/has the sum h1:\S+, not h1:AAAA/);
});

test('no template asks for the version of Kubernetes, so that what is rendered once holds for all', async () => {
  const files = await readdir(join(chart, 'templates'), { recursive: true });
  const texts = await Promise.all(
    files
      .filter((file) => /\.(tpl|yaml|txt)$/.test(file))
      .map(async (file) => readFile(join(chart, 'templates', file))),
  );
  expect(texts.length).toBeGreaterThan(30);
  expect(texts.filter((text) => text.includes('KubeVersion'))).toEqual([]);
});

describe.each(supportedMinors)('Kubernetes 1.%i', (minor) => {
  beforeAll(async () => writeSchemas(join(folder, `1.${minor}`), minor, kindsOf([...rendered.values()].flat())));

  test('knows every object of the chart and each of its fields', async () => {
    const some = sets.filter((set) => minor >= minimums.mutatingAdmissionPolicy || !isPolicy(set));
    const objects = Object.fromEntries(some.map(({ name }) => [name, rendered.get(name) ?? []])) as Readonly<
      Record<string, readonly KubernetesObject[]>
    >;
    const judged = await judge(minor, objects);
    expect(faults(judged)).toEqual([]);
    expect(judged).toHaveLength(Object.values(objects).flat().length);
    expect(judged.length).toBeGreaterThan(300);
  });

  test('a field that it does not know, a wrong type, and a kind that it does not have are found', async () => {
    const [deployment, budget] = ['Deployment', 'PodDisruptionBudget'].map((kind) =>
      structuredClone(ofKind(rendered.get('baked') ?? [], kind)),
    );
    if (deployment === undefined || budget === undefined) throw new Error('no object');
    deployment['spec'].template.spec.containers[0].readinessProbe.periodSecond = 5;
    budget['spec'].maxUnavailable = true;
    const unknown = { ...budget, apiVersion: 'policy/v1beta1' };
    const judged = await judge(minor, { wrong: [deployment, budget, unknown] });
    expect(faults(judged)).toEqual([
      expect.stringMatching(/Deployment packet-capture: .*periodSecond/s),
      expect.stringMatching(/PodDisruptionBudget packet-capture: could not find schema/),
      expect.stringMatching(/PodDisruptionBudget packet-capture: .*maxUnavailable/s),
    ]);
  });
});

test('each kind of object is among what was judged', () => {
  const ids = [...rendered.values()].flat();
  expect(new Set(ids.map(({ kind }) => kind)).size).toBeGreaterThan(20);
  expect(ids.map(idOf).filter((id) => id.includes('undefined'))).toEqual([]);
});

interface Scored {
  readonly object_name: string;
  readonly type_meta: { readonly kind: string };
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly summary: string }[] | null;
  }[];
}

/** Of a check that found nothing. */
const fine = 10;
/** Those that are off by default, and do not contradict another one. */
const optional = ['container-seccomp-profile', 'container-security-context-privileged'];

/** `CHECK | KIND | what it says` of objects. */
async function findingsIn(objects: readonly object[]): Promise<string[]> {
  const more = optional.flatMap((name) => ['--enable-optional-test', name]);
  const flags = ['--output-format', 'json', '--output-version', 'v2', '--kubernetes-version', 'v1.30', ...more, '-'];
  const input = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  const { stdout, stderr } = await capture([kubeScore, 'score', ...flags], { input });
  // null: it knows none of the kinds.
  expect(stdout, stderr).toMatch(/^(\[|null)/);
  return ((JSON.parse(stdout) ?? []) as readonly Scored[]).flatMap(({ type_meta: { kind }, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < fine)
      .flatMap(({ check, comments }) => (comments ?? []).map(({ summary }) => `${check.id} | ${kind} | ${summary}`)),
  );
}

/** Sets with defaults where a finding could be. */
const usual = ['defaults', 'baked', 'high availability', 'targets', 'images', 'observed', 'scaled by load'];
const always = lintFindings.filter(({ values }) => values === undefined);
const linesOf = (findings: typeof lintFindings): string[] =>
  findings.flatMap(({ check, kinds, says }) => kinds.map((kind) => `${check} | ${kind} | ${says}`));
const explained = linesOf(lintFindings);

test('each finding of kube-score has a reason in scripts/audit/lintFindings.ts, and each reason a finding', async () => {
  const found = new Map<string, string>();
  for (const set of sets) {
    const findings = await findingsIn(rendered.get(set.name) ?? []);
    for (const finding of findings) found.set(finding, set.name);
    if (!usual.includes(set.name)) continue;
    expect(
      findings.filter((finding) => !linesOf(always).includes(finding)),
      set.name,
    ).toEqual([]);
  }
  const unexplained = [...found].filter(([finding]) => !explained.includes(finding));
  expect(unexplained.map(([finding, name]) => `${finding} (${name})`)).toEqual([]);
  expect(explained.filter((finding) => !found.has(finding))).toEqual([]);
});

test('kube-score finds what is wrong in a container', async () => {
  const container = { name: 'app', image: 'app:latest', securityContext: { privileged: true } };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app' }, spec: { containers: [container] } };
  const found = await findingsIn([pod]);
  for (const check of [
    'container-image-tag',
    'container-resources',
    'container-security-context-privileged',
    'pod-networkpolicy',
  ])
    expect(found.join('\n')).toContain(`${check} | Pod`);
});
