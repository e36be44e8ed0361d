import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { loadImage } from '../../scripts/cluster/images.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureSlimAgentImage } from '../../scripts/images/images.ts';
import { pauseDeployment } from '../support/cluster/apps.ts';
import { agentImage, cli, kube } from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';
import { restoreApiServer, startApiServerWith } from '../support/long/apiServer.ts';

/**
 * Kubernetes 1.28 and older store no `restartPolicy` of init containers. Until 1.32 the API server does the same with
 * this feature gate switched off.
 */
const shop = useNamespace('not-native');
const inShop = ['-n', shop];
const node = inject('node');

let slim: string;

beforeAll(async () => {
  slim = await ensureSlimAgentImage(stderrProgress);
  await loadImage(node, slim, stderrProgress);
  await kube(['apply', '-f', '-'], [pauseDeployment(shop, 'web', 1), pauseDeployment(shop, 'shop', 1)].join('---\n'));
  await kube(['rollout', 'status', 'deploy/web', ...inShop, '--timeout=120s']);
  await startApiServerWith(['--feature-gates=SidecarContainers=false']);
});

afterAll(restoreApiServer);

test('patch refuses the workload, says from which version on it works, and changes nothing', async () => {
  const spec = async (): Promise<string> => kube(['get', 'deploy', 'web', ...inShop, '-o', 'jsonpath={.spec}']);
  const before = await spec();
  const { exitCode, stderr } = await cli(['patch', 'deploy/web', '--image', agentImage, ...inShop]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('error NOT_INJECTABLE: the API server drops the restartPolicy of the init container');
  expect(stderr).toContain('Native sidecars need Kubernetes 1.29 or later');
  expect(await spec()).toBe(before);
});

test('attach needs none: its container runs', async () => {
  const { exitCode, stderr } = await cli(['attach', 'deploy/web', '--image', slim, '--state', 'idle', ...inShop]);
  expect(exitCode, stderr).toBe(0);
  const running = 'jsonpath={.items[*].status.ephemeralContainerStatuses[?(@.state.running)].name}';
  expect(await kube(['get', 'pods', ...inShop, '-l', 'app=web', '-o', running])).toBe('packet-capture');
});

test('of an injected manifest that was applied there, why says that the API server lost a field', async () => {
  const { stdout } = await cli(['inject', '-f', '-', '--image', agentImage], pauseDeployment(shop, 'shop', 1));
  await kube(['apply', '-f', '-'], stdout);
  const names = ['get', 'pods', ...inShop, '-l', 'app=shop', '-o'];
  const injected = 'jsonpath={range .items[?(@.spec.initContainers)]}{.metadata.name}{end}';
  await expect.poll(async () => kube([...names, injected]), { timeout: 60_000 }).not.toBe('');
  const { exitCode, stdout: said } = await cli(['why', await kube([...names, injected]), ...inShop, '-o', 'json']);
  expect(exitCode).toBe(1);
  expect(JSON.parse(said)).toMatchObject({ state: 'broken', reason: 'restart_policy_lost' });
});
