import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runInNetns } from '../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../scripts/cluster/tools.ts';
import type { InstallResult } from '../../src/release/index.ts';
import { kube, namespaceYaml } from '../support/cluster/clusterFixture.ts';
import {
  certificatesOf,
  chart,
  helm,
  installer,
  labelFlags,
  leftovers,
  loadReleaseImages,
  quickEnd,
  releaseValues,
  runningContainers,
  siteState,
  siteYaml,
  targetFlags,
} from '../support/cluster/helmFixture.ts';
import { follow, json, podNames, releaseUnderTest } from '../support/cluster/installFixture.ts';

const node = inject('node');
const { release, namespace, site, at, flags: common } = releaseUnderTest('uninstaller');
const flags = [...common, ...labelFlags('uninstaller')];
const elsewhere = 'uninstaller-elsewhere';
const wholeSite = targetFlags([site]);

let siteBefore: unknown;

beforeAll(async () => {
  await loadReleaseImages();
  await kube(['apply', '-f', '-'], [siteYaml(site), namespaceYaml(elsewhere)].join('---\n'));
  siteBefore = await siteState(site);
});

afterAll(async () => {
  // Of a test that failed half way.
  await kube([
    'delete',
    'mutatingwebhookconfigurations',
    '-l',
    `app.kubernetes.io/instance=${release}`,
    '--ignore-not-found',
  ]);
  await kube(['delete', 'namespace', namespace, site, elsewhere, '--ignore-not-found', '--wait=false']);
});

test('uninstall leaves nothing', async () => {
  await json(4, 0, ['install', ...flags, ...wholeSite]);
  const look = await json<{ readonly result: string; readonly targets: readonly string[] }>(4, 0, [
    'uninstall',
    ...at,
    '--dry-run',
  ]);
  expect(look.result).toMatchObject({ result: 'dry-run', targets: [`namespace/${site}`, `deployment/web in ${site}`] });
  const { result } = await json(3, 0, ['uninstall', ...at, '--yes']);
  expect(result).toMatchObject({ result: 'uninstalled', left: [] });
  expect(await siteState(site)).toEqual(siteBefore);
  expect(await leftovers(release, namespace, [site])).toEqual([]);
  const { exitCode, stderr } = await installer(4, ['uninstall', ...at, '--yes']);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('error NOT_FOUND: the release does not exist')]);
});

test('a release that helm alone installed keeps its certificate when the installer upgrades it', async () => {
  await helm(3, [
    'install',
    release,
    chart,
    '-n',
    namespace,
    '--wait',
    '--timeout',
    '2m',
    '--set',
    'replicas=1',
    ...quickEnd,
  ]);
  const made = await certificatesOf(release, namespace);
  const pods = await podNames(namespace);
  const { result } = await json<InstallResult>(4, 0, ['upgrade', ...at, '--yes']);
  expect(result.certificates).toMatchObject({ mode: 'baked', action: 'keep' });
  expect(await certificatesOf(release, namespace)).toEqual(made);
  expect(await podNames(namespace)).toBe(pods);
  await json(4, 0, ['uninstall', ...at, '--yes']);
  expect(await leftovers(release, namespace, [])).toEqual([]);
});

test('after a first install with helm alone whose hook failed, uninstall removes the hook too', async () => {
  const program = await ensureHelm(4, stderrProgress);
  const targets = [
    '--set',
    `${releaseValues},targets[0].namespace=${site},targets[0].deployments[0]=nobody`,
    '--set',
    'hooks.backoffLimit=0',
  ];
  const failed = await runInNetns(node, [
    program,
    'install',
    release,
    chart,
    '-n',
    namespace,
    '--create-namespace',
    '--set',
    'replicas=1',
    ...quickEnd,
    ...targets,
  ]);
  expect(failed.exitCode).not.toBe(0);
  expect((await kube(['get', 'jobs', '-n', namespace, '-o', 'name'])).trim()).toBe(`job.batch/${release}-opt-in`);
  const { result } = await json(4, 0, ['uninstall', ...at, '--yes']);
  expect(result).toMatchObject({ result: 'uninstalled', left: [] });
  expect(await siteState(site)).toEqual(siteBefore);
  expect(await leftovers(release, namespace, [site])).toEqual([]);
});

test('without hooks nothing is opted in, and the commands for it are printed; namespaceOverride is used', async () => {
  const settings = ['--set', 'hooks.enabled=false', '--set', `namespaceOverride=${elsewhere}`];
  const { result } = await json<InstallResult>(4, 0, ['install', ...flags, ...wholeSite, ...settings]);
  expect(result.findings.map(({ code }) => code)).toEqual(['hooks_disabled']);
  expect(result.injectionProven).toBe(true);
  expect(result.targets).toMatchObject([{ optedIn: false }]);
  for (const line of result.next) await follow(line);
  expect(await runningContainers(site)).toEqual(['packet-capture', 'app']);
  const gone = await json<{ readonly next: readonly string[] }>(4, 0, ['uninstall', ...at, '--yes']);
  expect(gone.result).toMatchObject({ result: 'uninstalled', left: [] });
  for (const line of gone.result.next) await follow(line);
  expect(await siteState(site)).toEqual(siteBefore);
  expect(await leftovers(release, elsewhere, [site])).toEqual([]);
});
