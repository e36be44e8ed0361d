import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { run } from '../../../scripts/cluster/command.ts';
import { programPaths } from '../../../scripts/cluster/goBuild.ts';
import { containerd } from '../../../scripts/cluster/goModules.ts';
import { runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { localRegistry } from '../../../scripts/images/names.ts';
import { trialName } from '../../../src/dryRun/imageTrialPod.ts';
import { agentImage, kube } from '../../support/cluster/clusterFixture.ts';
import { chart, loadReleaseImages, quickEnd, targetFlags } from '../../support/cluster/helmFixture.ts';
import { create, rolledOut, workload } from '../../support/cluster/patchFixture.ts';

const node = inject('node');
const release = 'new-image';
const stamp = `new-image-${Date.now().toString(36)}`;
const [old, fresh, recreated] = ['old', 'fresh', 'recreated'].map((name) => `${stamp}-${name}`) as [
  string,
  string,
  string,
];
const sites = [old, fresh, recreated];
const replicas = 2;
/** The same image by another name: to the release it is a new one. */
const nextImage = agentImage.replace(/:[^:]*$/, ':next');

beforeAll(async () => {
  await loadReleaseImages();
  const { ctr } = await programPaths(containerd);
  await run([
    ctr,
    `--address=${node.containerdSocket}`,
    '--namespace=k8s.io',
    'images',
    'tag',
    '--force',
    agentImage,
    nextImage,
  ]);
  for (const site of sites) await kube(['create', 'namespace', site]);
  await create(old, workload('Deployment', 'web', { replicas }));
  await create(fresh, workload('Deployment', 'web', { replicas }));
  await create(recreated, workload('Deployment', 'web', { replicas, strategy: { type: 'Recreate' } }));
  for (const site of sites) await rolledOut(site, 'deploy/web');
});

afterAll(async () => {
  await kube([
    'delete',
    'mutatingwebhookconfigurations',
    '-l',
    `app.kubernetes.io/instance=${release}`,
    '--ignore-not-found',
  ]);
  await kube(['delete', 'namespace', stamp, ...sites, '--ignore-not-found', '--wait=false']);
});

async function helm(
  verb: string,
  targets: readonly string[],
  ...values: readonly string[]
): ReturnType<typeof runInNetns> {
  const own = [
    `global.imageRegistry=${localRegistry}`,
    'replicas=1',
    'hooks.backoffLimit=0',
    'injection.namespaceLabel=new-image/injection',
    ...values,
  ];
  const flags = [
    '-n',
    stamp,
    '--create-namespace',
    '--wait',
    '--timeout',
    '4m',
    ...quickEnd,
    ...own.flatMap((value) => ['--set', value]),
  ];
  return runInNetns(node, [
    await ensureHelm(4, stderrProgress),
    verb,
    release,
    chart,
    ...flags,
    ...targetFlags(targets),
  ]);
}

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly deletionTimestamp?: string };
    readonly spec: { readonly initContainers?: readonly { readonly name: string; readonly image: string }[] };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** The image of the sidecar of each ready pod; `none` without. */
async function readyPods(site: string): Promise<readonly string[]> {
  const { items } = JSON.parse(await kube(['get', 'pods', '-n', site, '-l', 'app=web', '-o', 'json'])) as Pods;
  const ready = items.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined &&
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
  );
  return ready.map(({ spec }) => spec.initContainers?.find(({ name }) => name === 'packet-capture')?.image ?? 'none');
}

/** The fewest ready pods of a site while some work is done. */
async function fewestDuring<T>(
  site: string,
  work: Promise<T>,
): Promise<{ readonly result: T; readonly fewest: number }> {
  const ended = new AbortController();
  let fewest = replicas;
  const watching = (async () => {
    for (; !ended.signal.aborted; await sleep(300)) fewest = Math.min(fewest, (await readyPods(site)).length);
  })();
  const result = await work.finally(() => ended.abort());
  await watching;
  return { result, fewest };
}

const both = (image: string): readonly string[] => [image, image];

test(
  'after helm upgrade with a new image and new targets, the new targets get the new image, and no app loses a pod',
  { timeout: 600_000 },
  async () => {
    const installed = await helm('install', [old]);
    expect(installed.exitCode, installed.stderr).toBe(0);
    await rolledOut(old, 'deploy/web');
    expect(await readyPods(old)).toEqual(both(agentImage));

    const upgrade = helm('upgrade', sites, 'agent.image.tag=next');
    const { result, fewest } = await fewestDuring(old, fewestDuring(fresh, upgrade));
    const upgraded = result.result;
    expect(upgraded.exitCode, upgraded.stderr).toBe(0);
    for (const site of [fresh, recreated]) await rolledOut(site, 'deploy/web');
    expect(await readyPods(fresh)).toEqual(both(nextImage));
    expect(await readyPods(recreated)).toEqual(both(nextImage));
    // A target of before is not rolled: its next pods come with the new image.
    expect(await readyPods(old)).toEqual(both(agentImage));
    expect({ old: fewest, fresh: result.fewest }).toEqual({ old: replicas, fresh: replicas });
    expect(await kube(['get', 'pods', '-A', '-l', `app.kubernetes.io/name=${trialName}`, '-o', 'name'])).toBe('');
  },
);

test('with an image that cannot be pulled, the upgrade fails, and every pod stays', { timeout: 600_000 }, async () => {
  // They leave the release, and come back with the image.
  const left = await helm('upgrade', [old], 'agent.image.tag=next');
  expect(left.exitCode, left.stderr).toBe(0);
  for (const site of [fresh, recreated]) await rolledOut(site, 'deploy/web');
  const { result, fewest } = await fewestDuring(
    recreated,
    helm('upgrade', sites, 'agent.image.tag=nonesuch', 'agent.image.pullPolicy=Never'),
  );
  expect(result.exitCode).not.toBe(0);
  const words = result.stderr.replaceAll('\\', '');
  for (const site of [fresh, recreated]) {
    expect(words).toMatch(
      new RegExp(
        `"failed","object":"deployment/web in ${site}","code":"IMAGE_UNUSABLE".*:nonesuch cannot be started in namespace ${site}.*ErrImageNeverPull`,
      ),
    );
    expect(await readyPods(site)).toEqual(both('none'));
  }
  expect(await readyPods(old)).toEqual(both(agentImage));
  expect(fewest).toBe(replicas);
});
