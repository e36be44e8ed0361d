import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trialName } from '../../src/dryRun/imageTrialPod.ts';
import { agentImage, kube, loadImages } from '../support/cluster/clusterFixture.ts';
import { create, podTemplate, rolledOut, workload } from '../support/cluster/patchFixture.ts';
import {
  optedIn,
  optIn,
  outcomes,
  targetsFixture,
  untouched,
  type HookEvent,
} from '../support/cluster/targetsFixture.ts';

const fixture = targetsFixture();
/** No registry is within reach of the node: such an image cannot be pulled. */
const absentImage = 'localhost/packet-capture/absent:1';
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-targets-image-'));
  await loadImages();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/**
 * What the release injects. `Never`: the node says at once that it lacks the image, where a registry is asked twice.
 */
async function configOf(image: string): Promise<string> {
  const file = join(folder, `${image.replaceAll(/[/:]/g, '-')}.yaml`);
  await writeFile(file, JSON.stringify({ agent: { image, imagePullPolicy: 'Never' } }));
  return file;
}

async function trialPods(namespace: string): Promise<readonly string[]> {
  const list = await kube(['get', 'pods', '-n', namespace, '-l', `app.kubernetes.io/name=${trialName}`, '-o', 'json']);
  const { items } = JSON.parse(list) as {
    readonly items: readonly { readonly metadata: { readonly name: string; readonly deletionTimestamp?: string } }[];
  };
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name);
}

async function readyReplicas(namespace: string): Promise<string> {
  return kube([
    'get',
    'deploy',
    '-n',
    namespace,
    '-o',
    'jsonpath={range .items[*]}{.metadata.name}={.status.readyReplicas} {end}',
  ]);
}

const named = (events: readonly HookEvent[], name: string): readonly HookEvent[] =>
  events.filter(({ event }) => event === name);
const recreate = { strategy: { type: 'Recreate' }, replicas: 2 };

describe.concurrent("the hook tests the agent's image before it replaces pods", () => {
  test('an image that cannot be started replaces no pods, not even with Recreate, and is tested once', async () => {
    const shop = await fixture.makeNamespace('absent');
    await create(
      shop,
      workload('Deployment', 'web', recreate),
      workload('Deployment', 'cart', recreate),
      workload('Deployment', 'idle', { replicas: 0 }),
    );
    await rolledOut(shop, 'deploy/web');
    await rolledOut(shop, 'deploy/cart');
    const targets = [{ namespace: shop, deployments: ['web', 'cart', 'idle'] }];
    const release = await fixture.install('absent', targets);
    const { exitCode, events } = await optIn(release, targets, { config: await configOf(absentImage) });
    expect(exitCode, JSON.stringify(events)).toBe(1);
    // Where no pod is replaced nothing is risked.
    expect(outcomes(events)).toEqual([
      `opted_in namespace/${shop}`,
      `failed deployment/cart in ${shop} (IMAGE_UNUSABLE)`,
      `opted_in deployment/idle in ${shop}`,
      `failed deployment/web in ${shop} (IMAGE_UNUSABLE)`,
    ]);
    expect(named(events, 'trying_image')).toHaveLength(1);
    const reason = new RegExp(
      `^it is not opted in: the image ${absentImage} cannot be started in namespace ${shop}, on node \\S+: ErrImageNeverPull: .*pull secret`,
    );
    for (const event of named(events, 'failed')) expect(event.reason).toMatch(reason);
    expect(await optedIn('deploy/web', shop)).toEqual(untouched);
    expect(await readyReplicas(shop)).toBe('cart=2 idle= web=2 ');
    expect(await trialPods(shop)).toEqual([]);

    const forced = await optIn(release, targets, { config: await configOf(absentImage), force: true });
    expect({ exitCode: forced.exitCode, tried: named(forced.events, 'trying_image') }).toEqual({
      exitCode: 0,
      tried: [],
    });
    expect(await optedIn('deploy/web', shop)).toMatchObject({ value: 'true' });
  });

  test('with an image that starts, the workload is opted in; the next time it is not tested again', async () => {
    const shop = await fixture.makeNamespace('present');
    await create(shop, workload('Deployment', 'web', recreate), workload('DaemonSet', 'log'));
    await rolledOut(shop, 'ds/log');
    const targets = [{ namespace: shop, deployments: ['web'], daemonSets: ['log'] }];
    const release = await fixture.install('present', targets);
    const config = await configOf(agentImage);
    const { exitCode, events, stderr } = await optIn(release, targets, { config });
    expect(exitCode, stderr).toBe(0);
    expect(named(events, 'image_starts')).toMatchObject([
      { image: agentImage, namespace: shop, node: expect.any(String) },
    ]);
    expect(named(events, 'image_unknown')).toEqual([]);
    expect(await trialPods(shop)).toEqual([]);
    const again = await optIn(release, targets, { config });
    expect({ exitCode: again.exitCode, tried: named(again.events, 'trying_image') }).toEqual({
      exitCode: 0,
      tried: [],
    });
  });

  test('a namespace that refuses only the trial pod is opted in, and the hook reports the refusal', async () => {
    const shop = await fixture.makeNamespace('strict');
    // Of pods with a deadline, as that of the trial: those of the app have none.
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'no-short-jobs' },
      spec: { hard: { pods: '0' }, scopes: ['Terminating'] },
    };
    await create(shop, quota, workload('Deployment', 'web', recreate));
    await rolledOut(shop, 'deploy/web');
    const targets = [{ namespace: shop, deployments: ['web'] }];
    const { exitCode, events, stderr } = await optIn(await fixture.install('strict', targets), targets, {
      config: await configOf(absentImage),
    });
    expect(exitCode, stderr).toBe(0);
    expect(named(events, 'image_unknown')).toMatchObject([
      { object: `deployment/web in ${shop}`, reason: expect.stringMatching(/exceeded quota: no-short-jobs/) },
    ]);
    expect(outcomes(named(events, 'opted_in'))).toEqual([
      `opted_in namespace/${shop}`,
      `opted_in deployment/web in ${shop}`,
    ]);
  });

  test('after SIGTERM the trial pod is deleted, and nothing is opted in', async () => {
    const shop = await fixture.makeNamespace('term');
    const template = podTemplate('web') as { readonly spec: object };
    const elsewhere = { ...template, spec: { ...template.spec, nodeSelector: { 'kubernetes.io/arch': 's390x' } } };
    await create(shop, workload('Deployment', 'web', { template: elsewhere }));
    const targets = [{ namespace: shop, deployments: ['web'] }];
    const release = await fixture.install('term', targets);
    let made: Promise<void> | undefined;
    const { exitCode, events } = await optIn(release, targets, {
      config: await configOf(agentImage),
      onEvent: ({ event }, child) => {
        if (event !== 'trying_image') return;
        made = (async () => {
          while ((await trialPods(shop)).length === 0);
          child.kill('SIGTERM');
        })();
      },
    });
    await made;
    expect({ exitCode, interrupted: named(events, 'interrupted') }).toEqual({
      exitCode: 143,
      interrupted: [{ event: 'interrupted', signal: 'SIGTERM' }],
    });
    expect(await trialPods(shop)).toEqual([]);
    expect(await optedIn('deploy/web', shop)).toEqual(untouched);
  });
});
