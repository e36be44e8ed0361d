import { describe, expect, test } from 'vitest';
import { tryImage, type ImageTrialOptions } from '../../src/dryRun/imageTrial.ts';
import { trialName } from '../../src/dryRun/imageTrialPod.ts';
import { addSidecar } from '../../src/ways/patch/addSidecar.ts';
import { agentImage, cli, kube } from '../support/cluster/clusterFixture.ts';
import { agentConfigOf, create, patchFixture, stored, workload } from '../support/cluster/patchFixture.ts';

const { at, shop } = patchFixture();

/** No registry is within reach of the node: such an image cannot be pulled. */
const absentImage = 'localhost/packet-capture/absent:1';

function trial(image: string, more: Partial<ImageTrialOptions> = {}): ImageTrialOptions {
  const { kubectl } = at('deploy/none').options;
  const container = { name: 'packet-capture', image, imagePullPolicy: 'IfNotPresent' };
  return {
    kubectl,
    afterwards: kubectl,
    namespace: shop,
    container,
    pullSecrets: [],
    like: {},
    report: () => undefined,
    ...more,
  };
}

/** Names of the trials' pods that are there, and are not on their way out. */
async function trialPods(): Promise<readonly string[]> {
  const list = await kube(['get', 'pods', '-n', shop, '-l', `app.kubernetes.io/name=${trialName}`, '-o', 'json']);
  const { items } = JSON.parse(list) as {
    readonly items: readonly { readonly metadata: { readonly name: string; readonly deletionTimestamp?: string } }[];
  };
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name);
}

describe('a trial of an image', () => {
  test('deletes its pod, whether the image starts or not', async () => {
    expect(await tryImage(trial(agentImage))).toMatchObject({
      outcome: 'starts',
      node: expect.any(String),
      seconds: expect.any(Number),
    });
    const failure = await tryImage(trial(absentImage));
    expect(failure).toMatchObject({ outcome: 'fails', message: expect.stringContaining(absentImage) });
    expect(await trialPods()).toEqual([]);
  });

  test('uses the nodes of the workload: without a node of that architecture, the result is unknown', async () => {
    const like = { spec: { nodeSelector: { 'kubernetes.io/arch': 's390x' } } };
    expect(await tryImage(trial(agentImage, { like, timeoutSeconds: 6 }))).toMatchObject({
      outcome: 'unknown',
      why: expect.stringContaining('Unschedulable'),
    });
    expect(await trialPods()).toEqual([]);
  });

  test('deletes its pod after Ctrl-C', async () => {
    const abort = new AbortController();
    const { kubectl } = at('deploy/none', { signal: abort.signal }).options;
    const like = { spec: { nodeSelector: { 'kubernetes.io/arch': 's390x' } } };
    const running = tryImage(trial(agentImage, { like, kubectl, signal: abort.signal }));
    setTimeout(() => abort.abort(), 1500);
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await trialPods()).toEqual([]);
  });

  test('stops patch before any change when the image cannot be pulled', async () => {
    await create(shop, workload('Deployment', 'web', { replicas: 1 }));
    const before = await stored(shop, 'deploy/web');
    // `Never`: the node says at once that it lacks the image, where a registry is asked twice.
    const config = agentConfigOf(absentImage, 'Never');
    await expect(addSidecar(at('deploy/web', { config }).options)).rejects.toMatchObject({
      code: 'IMAGE_UNUSABLE',
      message: expect.stringContaining(absentImage),
      hint: expect.stringContaining('--force'),
    });
    expect((await stored(shop, 'deploy/web')).metadata.generation).toBe(before.metadata.generation);
    const dryRun = await addSidecar(at('deploy/web', { config, dryRun: true }).options);
    expect(dryRun.warnings).toContainEqual(expect.stringContaining('a dry run does not check whether the image'));
    expect(await addSidecar(at('deploy/web', { config, force: true }).options)).toMatchObject({
      result: 'patched',
      warnings: expect.arrayContaining([expect.stringContaining('changed anyway (--force)')]),
    });
    // What was forced is what `check --pull` is for.
    const { exitCode, stdout } = await cli(['check', '-n', shop, '--pull', '-o', 'json']);
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly object[] };
    expect(findings).toContainEqual(
      expect.objectContaining({ level: 'error', code: 'pull_fails', where: `namespace ${shop}` }),
    );
    expect(exitCode).toBe(1);
    expect(await trialPods()).toEqual([]);
  });
});
