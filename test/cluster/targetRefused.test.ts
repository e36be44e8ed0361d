import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runInNetns } from '../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../scripts/cluster/tools.ts';
import { kube, yamlDocument } from '../support/cluster/clusterFixture.ts';
import {
  chart,
  labelFlags,
  loadReleaseImages,
  releaseValues,
  runningContainers,
  siteState,
  siteYaml,
  targetFlags,
} from '../support/cluster/helmFixture.ts';
import { json, releaseUnderTest, shown, type Refusal } from '../support/cluster/installFixture.ts';

const { release, namespace, site, flags } = releaseUnderTest('strict');
const node = inject('node');

/** The sidecar's limit is 250m; the app has none and gets 50m. */
function limitRange(most: string): object {
  const limits = [{ type: 'Container', max: { cpu: most }, default: { cpu: '50m' }, defaultRequest: { cpu: '10m' } }];
  return { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'strict', namespace: site }, spec: { limits } };
}

beforeAll(async () => {
  await loadReleaseImages();
  await kube(['apply', '-f', '-'], siteYaml(site) + yamlDocument(limitRange('100m')));
});

afterAll(async () => {
  await kube([
    'delete',
    'mutatingwebhookconfigurations',
    '-l',
    `app.kubernetes.io/instance=${release}`,
    '--ignore-not-found',
  ]);
  await kube(['delete', 'namespace', namespace, site, '--ignore-not-found', '--wait=false']);
});

test('for a target whose pods the cluster would refuse, the installer says what refuses them and what fits', async () => {
  const before = await siteState(site);
  const { result, stderr } = await json<Refusal>(4, 1, ['install', ...flags, ...targetFlags([site])]);
  expect(shown(result)).toEqual([`target_pods_refused: deployment/web in ${site}`]);
  expect(result.findings[0]?.what).toContain('by the LimitRange strict: maximum cpu usage per Container is 100m');
  expect(result.findings[0]?.hint).toContain('packet-capture/cpu-limit');
  expect(stderr).toContain('error PREFLIGHT_FAILED');
  expect(await siteState(site)).toEqual(before);
});

test('with helm alone, the hook opts the workload in only when its pods are admitted', async () => {
  const program = await ensureHelm(4, stderrProgress);
  const values = [
    '--set',
    releaseValues,
    '--set',
    'replicas=1,hooks.backoffLimit=0',
    ...labelFlags('strict'),
    ...targetFlags([site]),
  ];
  const helm = async (verb: string, ...more: readonly string[]): ReturnType<typeof runInNetns> =>
    runInNetns(node, [
      program,
      verb,
      release,
      chart,
      '-n',
      namespace,
      '--create-namespace',
      '--wait',
      '--timeout',
      '90s',
      ...values,
      ...more,
    ]);
  const before = (await siteState(site)) as { readonly web: unknown };
  const refused = await helm('install');
  expect(refused.exitCode).not.toBe(0);
  // The hook's own words, which helm shows, each quotation mark behind a backslash.
  const words = refused.stderr.replaceAll('\\', '');
  expect(words).toMatch(
    /"failed","object":"deployment\/web in strict-site","code":"NOT_INJECTABLE".*maximum cpu usage per Container is 100m/,
  );
  expect(await siteState(site)).toMatchObject({ web: before.web });
  expect(await runningContainers(site)).toEqual(['app']);

  // Raised, not deleted: the API server may go by a limit range that is gone for half a minute.
  await kube(['apply', '-f', '-'], JSON.stringify(limitRange('1')));
  const fits = await helm('upgrade');
  expect(fits.exitCode, fits.stderr).toBe(0);
  expect(await runningContainers(site)).toEqual(['packet-capture', 'app']);
});
