import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { kubectl } from '../../scripts/cluster/kubectl.ts';
import { kube } from '../support/cluster/clusterFixture.ts';
import { helm, loadReleaseImages } from '../support/cluster/helmFixture.ts';
import { alterations } from '../support/cluster/oneTruth/alterations.ts';
import {
  fixtureLabel,
  listOf,
  namespaceObjects,
  ownNamespaces,
  placeOf,
  ways,
  type WayName,
} from '../support/cluster/oneTruth/objects.ts';
import { outcomeOf, storedPod, type Evidence } from '../support/cluster/oneTruth/outcome.ts';
import { openProxy } from '../support/cluster/oneTruth/proxy.ts';
import { install, labelShared, observerNames, releaseNamespaces } from '../support/cluster/oneTruth/releases.ts';
import {
  createManifest,
  createPatched,
  createPods,
  injectorReasons,
  namespaceLabels,
  type WayResult,
} from '../support/cluster/oneTruth/run.ts';
import { comparable, sidecarOf, withoutSidecar, type StoredPod } from '../support/cluster/oneTruth/stored.ts';
import { until } from '../support/cluster/oneTruth/until.ts';
import { podFixtures, type PodFixture } from '../support/pods/index.ts';

const node = inject('node');
const injecting = ways.filter((way) => way !== 'none');
const named = podFixtures.map((fixture) => [fixture.name, fixture] as const);
let evidence: Evidence;

/** NAMESPACE/NAME of the pods that have the sidecar. */
function injectedPods({ pods }: WayResult): string[] {
  return podFixtures
    .filter(({ name }) => sidecarOf(pods.get(name) ?? {}) !== undefined)
    .map((fixture) => {
      const { namespace, name } = placeOf('webhook', fixture);
      return `${namespace}/${name}`;
    });
}

beforeAll(async () => {
  const folder = await mkdtemp(join(node.stateDir, 'truth-'));
  const api = await openProxy(node, folder);
  try {
    // What a run before this one left behind on a node that stays up.
    await kube([
      'delete',
      'namespace',
      ...ownNamespaces,
      ...Object.values(releaseNamespaces),
      '--ignore-not-found',
      '--timeout=240s',
    ]);
    await loadReleaseImages();
    await kube(['apply', '--server-side', '--force-conflicts', '-f', '-'], listOf(namespaceObjects()));
    const [webhook, policy] = await Promise.all([install('webhook'), install('policy'), labelShared('=enabled')]);
    const results = await Promise.all([
      createPods('none'),
      createManifest(),
      createPatched(api),
      createPods('webhook'),
      createPods('policy'),
    ]);
    evidence = {
      results: new Map([
        ['none', results[0]],
        ['manifest', results[1]],
        ['patch', results[2]],
        ['webhook', results[3]],
        ['policy', results[4]],
      ]),
      admissions: new Map([
        ['webhook', webhook],
        ['policy', policy],
      ]),
      reviews: await injectorReasons(releaseNamespaces.webhook, injectedPods(results[3])),
      namespaces: await namespaceLabels(),
    };
  } finally {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  }
});

afterAll(async () => {
  await Promise.all(
    Object.values(releaseNamespaces).map(async (namespace) =>
      helm(4, ['uninstall', 'packet-capture', '-n', namespace, '--no-hooks', '--ignore-not-found']),
    ),
  );
  await labelShared('-');
  const bindings = Object.values(observerNames).flatMap((name) => [`${name}-0`, `${name}-1`]);
  await kubectl(node, [
    'delete',
    '--ignore-not-found',
    '--wait=false',
    'validatingadmissionpolicybindings',
    ...bindings,
  ]);
  await kubectl(node, [
    'delete',
    '--ignore-not-found',
    '--wait=false',
    'validatingadmissionpolicies',
    ...Object.values(observerNames),
  ]);
  await kubectl(node, ['delete', '--wait=false', 'pods,deployments,cronjobs', '-n', 'kube-system', '-l', fixtureLabel]);
  await kubectl(node, [
    'delete',
    '--wait=false',
    'pods,deployments,cronjobs',
    '-n',
    'kube-node-lease',
    '-l',
    fixtureLabel,
  ]);
  await kubectl(node, [
    'delete',
    '--ignore-not-found',
    '--wait=false',
    'namespaces',
    ...ownNamespaces,
    ...Object.values(releaseNamespaces),
  ]);
});

test.each(ways)('%s: every pod is stored', (way) => {
  const result = evidence.results.get(way);
  expect([...(result?.pods.keys() ?? [])].toSorted(), result?.stderr).toEqual(
    podFixtures.map(({ name }) => name).toSorted(),
  );
});

test.each(named)('%s: all ways inject it or skip it for the same reason', (_, fixture) => {
  const outcomes = Object.fromEntries(injecting.map((way) => [way, outcomeOf(evidence, way, fixture)]));
  expect(outcomes).toEqual(Object.fromEntries(injecting.map((way) => [way, fixture.expected])));
});

test.each(named)('%s: all ways store the same pod', (_, fixture) => {
  const [manifest, ...others] = injecting.map((way) => comparable(storedPod(evidence, way, fixture)));
  for (const other of others) expect(other).toEqual(manifest);
});

test.each(named)('%s: nothing of the pod is lost or changed', (_, fixture) => {
  const before = storedPod(evidence, 'none', fixture);
  const after = storedPod(evidence, 'manifest', fixture);
  const injected = fixture.expected === 'injected';
  expect(comparable(injected ? withoutSidecar(after) : after)).toEqual(comparable(before));
  expect(sidecarOf(after) !== undefined || !injected).toBe(true);
});

test.each(alterations)('the comparison detects: %s', (_, alter) => {
  const pod = storedPod(evidence, 'webhook', fixtureNamed('mixed-inits'));
  expect(comparable(alter(pod))).not.toEqual(comparable(pod));
});

test('the comparison detects a pod that is not injected, and another reason', () => {
  const changed = (way: WayName, result: Partial<WayResult>): Evidence => {
    const present = evidence.results.get(way);
    return present === undefined
      ? evidence
      : { ...evidence, results: new Map([...evidence.results, [way, { ...present, ...result }]]) };
  };
  const untouched = evidence.results.get('none')?.pods ?? new Map<string, StoredPod>();
  for (const way of injecting)
    expect(outcomeOf(changed(way, { pods: untouched }), way, fixtureNamed('plain'))).not.toBe('injected');
  const silent = { said: new Map<string, string>(), stderr: '' };
  for (const way of ['manifest', 'patch', 'policy'] as const)
    expect(outcomeOf(changed(way, silent), way, fixtureNamed('windows-os'))).not.toBe('windows');
  expect(outcomeOf({ ...evidence, reviews: new Map() }, 'webhook', fixtureNamed('windows-os'))).not.toBe('windows');
});

function fixtureNamed(name: string): PodFixture {
  const found = podFixtures.find((fixture) => fixture.name === name);
  if (found === undefined) throw new Error(`no fixture ${name}`);
  return found;
}

test('a Guaranteed pod stays Guaranteed', () => {
  const guaranteed = podFixtures.filter(
    (fixture) => storedPod(evidence, 'none', fixture).status.qosClass === 'Guaranteed',
  );
  expect(guaranteed.length).toBeGreaterThanOrEqual(11);
  const lost = guaranteed.filter((fixture) =>
    injecting.some((way) => storedPod(evidence, way, fixture).status.qosClass !== 'Guaranteed'),
  );
  expect(lost.map(({ name }) => name)).toEqual([]);
});

test('a controller creates from a patched workload the pod that was compared', async () => {
  const names = ['plain', 'own-init', 'guaranteed', 'own-account'];
  const fixtures = podFixtures.filter(({ name }) => names.includes(name) || name === 'never');
  await kube(['scale', '-n', 'truth-patch', '--replicas=1', ...names.map((name) => `deployment/${name}`)]);
  await kube(['create', 'job', '-n', 'truth-patch', 'never-now', '--from=cronjob/never']);
  const owned = async (): Promise<StoredPod[]> => {
    const { items } = JSON.parse(await kube(['get', 'pods', '-n', 'truth-patch', '-o', 'json'])) as {
      readonly items: readonly StoredPod[];
    };
    return items.filter(({ metadata }) => metadata?.ownerReferences !== undefined);
  };
  await until('the controllers have made their pods', async () => (await owned()).length === fixtures.length);
  const made = new Map((await owned()).map((pod) => [pod.metadata?.labels?.[fixtureLabel], comparable(pod)]));
  expect(made).toEqual(
    new Map(fixtures.map((fixture) => [fixture.name, comparable(storedPod(evidence, 'patch', fixture))])),
  );
});
