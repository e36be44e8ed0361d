import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kube } from '../support/cluster/clusterFixture.ts';
import {
  certificatesOf,
  chart,
  helm,
  labelFlags,
  leftovers,
  loadReleaseImages,
  quickEnd,
  runningContainers,
  siteState,
  siteYaml,
  targetFlags,
  type HelmMajor,
} from '../support/cluster/helmFixture.ts';

const release = 'packet-capture';
const injected = ['packet-capture', 'app'];
const plain = ['app'];

beforeAll(loadReleaseImages);

/** Without our commands: what anybody does who has a chart and helm. The releases live side by side. */
describe.concurrent.each<[string, HelmMajor, HelmMajor]>([
  ['helm 4', 4, 4],
  ['helm 3', 3, 3],
  ['helm 3, from the upgrade on helm 4', 3, 4],
])('a release in the hands of %s', (_, first, later) => {
  const namespace = `release-${first}-${later}`;
  const sites = [`${namespace}-a`, `${namespace}-b`] as const;
  const [a, b] = sites;
  const flags = ['-n', namespace, '--wait', '--timeout', '3m'];
  const values = [...quickEnd, ...labelFlags(namespace)];

  afterAll(async () => {
    await kube(['delete', 'namespace', namespace, ...sites, '--ignore-not-found', '--wait=false']);
  });

  test('is installed, upgraded, tested, rolled back and uninstalled', async () => {
    await kube(['apply', '-f', '-'], sites.map(siteYaml).join(''));
    const [cleanA, cleanB] = await Promise.all(sites.map(siteState));

    await helm(first, ['install', release, chart, ...flags, '--create-namespace', ...values, ...targetFlags([a])]);
    expect(await runningContainers(a), 'the target is opted in').toEqual(injected);
    expect(await runningContainers(b), 'and nothing else').toEqual(plain);
    const installed = await certificatesOf(release, namespace);

    await helm(later, ['upgrade', release, chart, ...flags, ...values, ...targetFlags([b])]);
    expect(await runningContainers(b), 'the new target is opted in').toEqual(injected);
    expect(await runningContainers(a), 'the old one is let go').toEqual(plain);
    expect(await siteState(a)).toEqual(cleanA);
    expect(await certificatesOf(release, namespace), 'the certificate stays').toEqual(installed);

    await helm(later, ['test', release, '-n', namespace, '--timeout', '1m']);

    await helm(later, ['rollback', release, '1', ...flags]);
    expect(await runningContainers(a), "that revision's target").toEqual(injected);
    expect(await runningContainers(b), 'and no other').toEqual(plain);
    expect(await siteState(b)).toEqual(cleanB);
    expect(await certificatesOf(release, namespace), 'the certificate stays').toEqual(installed);

    await helm(later, ['uninstall', release, ...flags]);
    expect(await runningContainers(a), 'nothing is injected any more').toEqual(plain);
    expect(await Promise.all(sites.map(siteState)), 'no label, no annotation').toEqual([cleanA, cleanB]);
    expect(await leftovers(release, namespace, sites), 'no object').toEqual([]);
  });
});
