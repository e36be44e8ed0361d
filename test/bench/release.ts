import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadImage } from '../../scripts/cluster/images.ts';
import { kubectl, runInNetns } from '../../scripts/cluster/kubectl.ts';
import type { ClusterHandle } from '../../scripts/cluster/paths.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { downCluster } from '../../scripts/cluster/teardown.ts';
import { ensureHelm } from '../../scripts/cluster/tools.ts';
import { upCluster } from '../../scripts/cluster/up.ts';
import { ensureInjectorImage } from '../../scripts/images/images.ts';
import { injectorImage, localRegistry } from '../../scripts/images/names.ts';
import { median, type Figure } from '../support/bench/figure.ts';

const nodeName = 'bench';
const namespace = 'bench-release';
const site = 'bench-site';
const rounds = 5;
const chart = join(import.meta.dirname, '..', '..', 'chart');

/** How soon after `helm install` the first pod is injected, beside what the same image needs to come up by itself. */
export async function benchRelease(): Promise<Figure[]> {
  const node = await upCluster({ name: nodeName, onProgress: stderrProgress });
  try {
    await loadImage(node, await ensureInjectorImage(stderrProgress), stderrProgress);
    const metadata = { name: site, labels: { 'packet-capture/injection': 'enabled' } };
    await kube(node, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }));
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await secondsOfBareDeployment(node));
      ours.push(await secondsToFirstInjection(node));
    }
    const [seconds, beside] = [median(ours), median(bare)];
    return [
      {
        what: 'from the start of `helm install` to the first injected pod, images on the node',
        measured: `${seconds.toFixed(1)} s`,
        goal: 'none',
        beside: `\`kubectl create deployment\` of the same image until its pod runs ${beside.toFixed(1)} s, ratio ${(seconds / beside).toFixed(1)}`,
      },
    ];
  } finally {
    await downCluster(nodeName, stderrProgress);
  }
}

async function secondsToFirstInjection(node: ClusterHandle): Promise<number> {
  const helm = await ensureHelm(4, stderrProgress);
  const start = performance.now();
  const install = runInNetns(node, [
    helm,
    'install',
    'packet-capture',
    chart,
    '-n',
    namespace,
    '--create-namespace',
    '--set',
    `global.imageRegistry=${localRegistry}`,
    '--timeout',
    '2m',
  ]);
  while (!(await isInjected(node))) {
    if (performance.now() - start > 120_000) throw new Error('no pod was injected within two minutes');
    await sleep(50);
  }
  const seconds = (performance.now() - start) / 1000;
  const { exitCode, stderr } = await install;
  if (exitCode !== 0) throw new Error(`helm install failed:\n${stderr}`);
  await runInNetns(node, [helm, 'uninstall', 'packet-capture', '-n', namespace, '--wait']);
  await kube(node, ['delete', 'namespace', namespace]);
  return seconds;
}

/** Judged as any pod is, by the API server; nothing is created. */
async function isInjected(node: ClusterHandle): Promise<boolean> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: site, annotations: { 'packet-capture/inject': 'true' } },
    spec: { containers: [{ name: 'app', image: 'app' }] },
  };
  const { stdout } = await kubectl(
    node,
    ['create', '-f', '-', '--dry-run=server', '-o', 'jsonpath={.spec.initContainers[*].name}'],
    { input: JSON.stringify(pod) },
  );
  return stdout === 'packet-capture';
}

async function secondsOfBareDeployment(node: ClusterHandle): Promise<number> {
  const start = performance.now();
  await kube(node, [
    'create',
    'deployment',
    'bare',
    '-n',
    site,
    `--image=${injectorImage}`,
    '--',
    '/usr/bin/node',
    '-e',
    'setTimeout(() => {}, 600_000)',
  ]);
  await kube(node, ['rollout', 'status', 'deployment/bare', '-n', site, '--timeout=60s']);
  const seconds = (performance.now() - start) / 1000;
  await kube(node, ['delete', 'deployment', 'bare', '-n', site, '--wait=true']);
  await kube(node, ['delete', 'pods', '-n', site, '--all', '--grace-period=0', '--force']);
  return seconds;
}

async function kube(node: ClusterHandle, args: readonly string[], input?: string): Promise<void> {
  const { exitCode, stderr } = await kubectl(node, args, input === undefined ? {} : { input });
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} failed:\n${stderr}`);
}
