import fc from 'fast-check';
import { expect, inject, test } from 'vitest';
import { kubectl as runKubectl } from '../../../scripts/cluster/kubectl.ts';
import type { PodVerdict } from '../../../src/dryRun/index.ts';
import { planInjection, withAddition } from '../../../src/inject/index.ts';
import type { WorkloadObject, PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';
import { list, site } from '../../support/cluster/diagnosisFixture.ts';
import { carrying, deploymentOf, templateOf, useKubectl, verdictOf } from '../../support/cluster/dryRunFixture.ts';

const node = inject('node');
const kubectl = useKubectl();
const cases = 240;
const together = 60;
const seed = Number(process.env['DRY_RUN_SEED'] ?? Date.now() % 1_000_000);

type Amounts = Readonly<Record<string, string>>;

const amount = (unit: string, least: number, most: number): fc.Arbitrary<string> =>
  fc.integer({ min: least, max: most }).map((count) => `${count}${unit}`);
const some = (cpu: readonly [number, number], memory: readonly [number, number]): fc.Arbitrary<Amounts> =>
  fc.record({ cpu: amount('m', ...cpu), memory: amount('Mi', ...memory) }, { requiredKeys: [] });
const ratios = fc.record({ cpu: amount('', 2, 30), memory: amount('', 2, 6) }, { requiredKeys: [] });

/** Of two amounts, limit and request, in the order that the API server takes. */
function ordered(requests: Amounts, limits: Amounts): Amounts {
  const number = (text: string): number => Number.parseInt(text, 10);
  return Object.fromEntries(
    Object.entries(requests).map(([name, text]) => [
      name,
      limits[name] !== undefined && number(limits[name]) < number(text) ? limits[name] : text,
    ]),
  );
}

const containerItem = fc
  .record(
    {
      min: some([1, 60], [1, 40]),
      max: some([150, 900], [100, 400]),
      default: some([60, 100], [40, 64]),
      defaultRequest: some([60, 60], [40, 40]),
      maxLimitRequestRatio: ratios,
    },
    { requiredKeys: [] },
  )
  .map((rest) => ({ type: 'Container', ...rest }));
const podItem = fc
  .record(
    { min: some([1, 120], [1, 80]), max: some([200, 1500], [64, 600]), maxLimitRequestRatio: ratios },
    { requiredKeys: [] },
  )
  .map((rest) => ({ type: 'Pod', ...rest }));
const range = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(containerItem) },
  { weight: 2, arbitrary: fc.tuple(podItem) },
  { weight: 2, arbitrary: fc.tuple(containerItem, podItem) },
);

const hard = fc.record(
  {
    'requests.cpu': amount('m', 60, 600),
    'limits.cpu': amount('m', 200, 1500),
    'requests.memory': amount('Mi', 50, 300),
    'limits.memory': amount('Mi', 64, 800),
    memory: amount('Mi', 50, 300),
    pods: amount('', 1, 4),
  },
  { requiredKeys: [] },
);
const quota = fc.oneof(
  { weight: 4, arbitrary: hard.map((of) => ({ hard: of })) },
  {
    weight: 1,
    arbitrary: fc.record({
      hard: fc.constant({ pods: '2' }),
      scopes: fc.constantFrom(['BestEffort'], ['NotBestEffort'], ['NotTerminating']),
    }),
  },
);

/** Of any size, and as apps have them as a rule: what admits these may refuse the sidecar. */
const anyResources = fc
  .tuple(some([5, 300], [8, 200]), some([50, 600], [32, 300]))
  .map(([requests, limits]) => ({ requests: ordered(requests, limits), limits }));
const usualResources = fc
  .tuple(fc.integer({ min: 60, max: 100 }), fc.integer({ min: 40, max: 60 }), fc.constantFrom(1, 1.5, 2))
  .map(([cpu, memory, factor]) => ({
    requests: { cpu: `${cpu}m`, memory: `${memory}Mi` },
    limits: { cpu: `${Math.round(cpu * factor)}m`, memory: `${Math.round(memory * factor)}Mi` },
  }));
const resources = fc.oneof({ weight: 6, arbitrary: usualResources }, { weight: 1, arbitrary: anyResources });
const container = (name: string, rest: object = {}): fc.Arbitrary<{ name: string; image: string; resources: object }> =>
  resources.map((own) => ({ name, image: 'localhost/app:1', resources: own, ...rest }));
const spec = fc.record(
  {
    containers: fc.oneof(fc.tuple(container('app')), fc.tuple(container('app'), container('helper'))),
    initContainers: fc
      .constantFrom('setup', 'proxy')
      .chain((name) => fc.tuple(container(name, name === 'proxy' ? { restartPolicy: 'Always' } : {}))),
  },
  { requiredKeys: ['containers'] },
);

const generated = fc.record({
  spec,
  range: fc.option(range, { nil: undefined, freq: 4 }),
  quota: fc.option(quota, { nil: undefined, freq: 3 }),
  replicas: fc.integer({ min: 1, max: 3 }),
});

interface Case {
  readonly name: string;
  readonly object: WorkloadObject;
  readonly objects: readonly object[];
  readonly replicas: number;
}

const prefix = `verdict-${Date.now().toString(36)}`;
const ways = ['with', 'without', 'remedied'] as const;
type Way = (typeof ways)[number];
const siteOf = (name: string, way: Way): string => `${prefix}-${name}-${way}`;

function casesOf(): Case[] {
  return fc
    .sample(generated, { numRuns: cases, seed })
    .map(({ spec: of, range: limits, quota: held, replicas }, index) => {
      const name = String(index);
      // All at once: how many of them find room is what is asked.
      const object = deploymentOf(siteOf(name, 'with'), 'app', of, { replicas, strategy: { type: 'Recreate' } });
      const objects = [
        ...(limits === undefined
          ? []
          : [{ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'limits' }, spec: { limits } }]),
        ...(held === undefined
          ? []
          : [{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota' }, spec: held }]),
      ];
      return { name, object, objects, replicas };
    });
}

function podsOf({ object, replicas }: Case, namespace: string, template: PodTemplate): object[] {
  return Array.from({ length: replicas }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: `${object.metadata.name}-${index}`, namespace },
    spec: template.spec,
  }));
}

/** What the kubectl of the scripts says, whatever its exit code: of many objects some may be refused. */
async function create(objects: readonly object[]): Promise<Set<string>> {
  const made = await runKubectl(
    node,
    ['create', '-f', '-', '-o', 'jsonpath={.metadata.namespace}/{.metadata.name}{"\\n"}'],
    { input: list(objects) },
  );
  return new Set(made.stdout.split('\n').filter((line) => line !== ''));
}

async function ready(namespaces: readonly string[], quotas: readonly string[]): Promise<void> {
  const named = async (args: readonly string[]): Promise<Set<string>> => {
    const { stdout } = await runKubectl(node, ['get', ...args]);
    return new Set(stdout.split('\n'));
  };
  const missing = async (): Promise<string[]> => {
    const accounts = await named([
      'serviceaccounts',
      '-A',
      '--field-selector',
      'metadata.name=default',
      '-o',
      'jsonpath={range .items[*]}{.metadata.namespace}{"\\n"}{end}',
    ]);
    const counted = await named([
      'resourcequotas',
      '-A',
      '-o',
      'jsonpath={range .items[?(@.status.hard)]}{.metadata.namespace}{"\\n"}{end}',
    ]);
    return [...namespaces.filter((name) => !accounts.has(name)), ...quotas.filter((name) => !counted.has(name))];
  };
  await expect.poll(missing, { timeout: 120_000, interval: 500 }).toEqual([]);
}

/** How many of a case's pods the API server has taken. */
function taken(created: ReadonlySet<string>, name: string, way: Way): number {
  return [...created].filter((line) => line.startsWith(`${siteOf(name, way)}/`)).length;
}

interface Outcome {
  readonly one: Case;
  readonly verdict: PodVerdict;
  readonly made: Readonly<Record<Way, number>>;
}

async function run(batch: readonly Case[]): Promise<Outcome[]> {
  const namespaces = batch.flatMap(({ name }) => ways.map((way) => siteOf(name, way)));
  try {
    await create(namespaces.map((name) => site(name)));
    const within = batch.flatMap(({ name, objects }) =>
      ways.flatMap((way) =>
        objects.map((object) => {
          const { metadata } = object as { readonly metadata: object };
          return { ...object, metadata: { ...metadata, namespace: siteOf(name, way) } };
        }),
      ),
    );
    const stored = await create(within);
    await ready(
      namespaces,
      [...stored].filter((line) => line.endsWith('/quota')).map((line) => line.slice(0, -'/quota'.length)),
    );
    const verdicts = new Map<string, PodVerdict>();
    const waiting = [...batch];
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let one = waiting.shift(); one !== undefined; one = waiting.shift())
          verdicts.set(one.name, await verdictOf(kubectl(), one.object));
      }),
    );
    const created = await create(
      batch.flatMap((one) => {
        const template = templateOf(one.object);
        const verdict = verdicts.get(one.name);
        const remedied =
          verdict?.outcome === 'refused_by_sidecar' && verdict.remedy.proven
            ? annotated(template, verdict.remedy.annotations)
            : undefined;
        return [
          ...podsOf(one, siteOf(one.name, 'with'), carrying(template)),
          ...podsOf(one, siteOf(one.name, 'without'), template),
          ...(remedied === undefined ? [] : podsOf(one, siteOf(one.name, 'remedied'), remedied)),
        ];
      }),
    );
    return batch.flatMap((one) => {
      const verdict = verdicts.get(one.name);
      const count = (way: Way): number => taken(created, one.name, way);
      return verdict === undefined
        ? []
        : [{ one, verdict, made: { with: count('with'), without: count('without'), remedied: count('remedied') } }];
    });
  } finally {
    await runKubectl(node, ['delete', 'namespace', ...namespaces, '--ignore-not-found', '--wait=false']);
  }
}

/** As an injector sees a template with the annotations that were named. */
function annotated({ metadata, spec: of }: PodTemplate, annotations: Amounts): PodTemplate {
  const template = { metadata: { ...metadata, annotations }, spec: of ?? {} };
  const plan = planInjection(template, { config: defaultSidecarConfig, settings: {}, podSecurity: 'privileged' });
  if (!plan.inject) throw new Error(plan.reason);
  return withAddition(template, plan.addition);
}

function expectedFor({ one: { replicas }, made }: Outcome): PodVerdict['outcome'] {
  if (made.with === replicas) return 'fits';
  return made.with < made.without ? 'refused_by_sidecar' : 'refused_anyway';
}

test(`for ${cases} generated limit ranges, quotas and pods, the verdict is the result of creating the pods (seed ${seed})`, async () => {
  const all = casesOf();
  const outcomes: Outcome[] = [];
  for (let start = 0; start < all.length; start += together)
    outcomes.push(...(await run(all.slice(start, start + together))));
  const wrong = outcomes.filter((outcome) => outcome.verdict.outcome !== expectedFor(outcome));
  expect(
    wrong.map(({ one, verdict, made }) =>
      JSON.stringify({ verdict, made, spec: one.object.spec, objects: one.objects }),
    ),
  ).toEqual([]);
  // A remedy that is proven does for all pods.
  const unmended = outcomes.filter(
    ({ verdict, made, one }) =>
      verdict.outcome === 'refused_by_sidecar' &&
      verdict.remedy.proven &&
      made.remedied < Math.min(one.replicas, made.without),
  );
  expect(
    unmended.map(({ one, verdict, made }) =>
      JSON.stringify({ verdict, made, spec: one.object.spec, objects: one.objects }),
    ),
  ).toEqual([]);
  const kinds = Object.groupBy(outcomes, ({ verdict }) => verdict.outcome);
  const proven = outcomes.filter(
    ({ verdict }) => verdict.outcome === 'refused_by_sidecar' && verdict.remedy.proven,
  ).length;
  console.log(
    `fits ${kinds.fits?.length ?? 0}, by the sidecar ${kinds.refused_by_sidecar?.length ?? 0} (remedy proven ${proven}), anyway ${kinds.refused_anyway?.length ?? 0}`,
  );
  expect(outcomes).toHaveLength(cases);
  // None of them is rare: else the cases would show nothing.
  for (const outcome of ['fits', 'refused_by_sidecar', 'refused_anyway'] as const)
    expect(kinds[outcome]?.length ?? 0, outcome).toBeGreaterThan(cases / 12);
});
