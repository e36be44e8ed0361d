import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { loadImage } from '../../scripts/cluster/images.ts';
import { runInNetns } from '../../scripts/cluster/kubectl.ts';
import { versionsOf } from '../../scripts/cluster/nodeVersions.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureKubectl } from '../../scripts/cluster/tools.ts';
import { isKnownKubernetes } from '../../scripts/cluster/versions.ts';
import { ensureSlimAgentImage } from '../../scripts/images/images.ts';
import type { DownloadResult } from '../../src/captures/download/index.ts';
import type { StatusResult } from '../../src/captures/index.ts';
import { pauseDeployment } from '../support/cluster/apps.ts';
import { agentImage, kube, podField, sendDatagrams, tshark } from '../support/cluster/clusterFixture.ts';
import { useNamespace } from '../support/cluster/namespace.ts';

const node = inject('node');
const server = (await versionsOf(node)).kubernetes;
const port = 40_000;
const filter = ['--filter', `udp port ${port}`];

/**
 * Kubernetes supports a kubectl one minor version older or newer than the API server. PACKET_CAPTURE_TEST_KUBECTL=30
 * takes another one.
 */
const asked = process.env['PACKET_CAPTURE_TEST_KUBECTL']?.split(',').map(Number);
describe.each(asked ?? [server - 1, server + 1].filter(isKnownKubernetes))('with kubectl 1.%i', (minor) => {
  const shop = useNamespace(`kubectl-${minor}`);
  let folder: string;
  let program: string;
  let slim: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packet-capture-kubectl-'));
    program = await ensureKubectl(minor, stderrProgress);
    slim = await ensureSlimAgentImage(stderrProgress);
    await loadImage(node, slim, stderrProgress);
    const items = ['web', 'bare'].map((name) => pauseDeployment(shop, name, 1));
    await kube(['apply', '-f', '-'], items.join('---\n'));
    for (const name of ['web', 'bare'])
      await kube(['rollout', 'status', `deploy/${name}`, '-n', shop, '--timeout=120s']);
  }, 1_800_000);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** A command of ours with that kubectl: its standard output. */
  async function ours(...args: readonly string[]): Promise<string> {
    const argv = [process.execPath, 'bin/packet-capture.js', ...args, '-n', shop];
    const { exitCode, stdout, stderr } = await runInNetns(node, argv, { env: { KUBECTL: program } });
    expect(exitCode, `${args.join(' ')}\n${stderr}`).toBe(0);
    return stdout;
  }

  async function packetsOf(file: string): Promise<number> {
    return (await tshark(file, ['frame.number'], `udp.dstport == ${port}`)).length;
  }

  async function podOf(name: string): Promise<string> {
    const of = ['get', 'pods', '-n', shop, '-l', `app=${name}`, '--field-selector=status.phase=Running'];
    return (await kube([...of, '-o', 'jsonpath={.items[-1:].metadata.name}'])).trim();
  }

  async function send(pod: string, count: number): Promise<void> {
    await sendDatagrams(await podField(shop, pod, '.status.podIP'), port, count);
  }

  test('it is that kubectl, which the commands use', async () => {
    const { stdout } = await runInNetns(node, [program, 'version', '-o', 'json']);
    const { clientVersion, serverVersion } = JSON.parse(stdout) as Record<string, { minor: string }>;
    expect([clientVersion?.minor, serverVersion?.minor]).toEqual([String(minor), String(server)]);
  });

  test('a workload is patched, its capture is started, stopped and downloaded, and it is unpatched', async () => {
    await ours('patch', 'deploy/web', '--image', agentImage, '--state', 'idle', '--wait');
    expect(await ours('why', 'deploy/web')).toContain('injected');
    await ours('start', 'deploy/web', ...filter);
    await send(await podOf('web'), 20);
    await ours('stop', 'deploy/web');
    const { pods } = JSON.parse(await ours('status', 'deploy/web', '-o', 'json')) as StatusResult;
    expect(pods.map(({ status }) => status?.state)).toEqual(['idle']);
    const { files } = JSON.parse(await ours('download', 'deploy/web', '-o', folder, '--json')) as DownloadResult;
    const counts = await Promise.all(files.map(async ({ path }) => packetsOf(path ?? '')));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20);
    await ours('unpatch', 'deploy/web', '--wait');
    const template = await kube(['get', 'deploy', 'web', '-n', shop, '-o', 'jsonpath={.spec.template}']);
    // Not the name of the app's image, packet-capture-pause.
    expect(template).not.toContain('packet-capture/');
  });

  test('an agent is attached to a pod, and its packets are streamed to a file', async () => {
    const pod = await podOf('bare');
    await ours('attach', pod, '--image', slim, ...filter);
    const file = join(folder, 'stream.pcapng');
    const streaming = ours('stream', pod, ...filter, '--duration', '10s', '-o', file);
    // A packet a quarter of a second, until the stream has ended: the first ones come before it captures.
    const ended = new AbortController();
    const sending = (async () => {
      const ip = await podField(shop, pod, '.status.podIP');
      while (!ended.signal.aborted) await sendDatagrams(ip, port, 1, 250);
    })();
    await streaming.finally(() => ended.abort());
    await sending;
    expect(await packetsOf(file)).toBeGreaterThan(0);
  });

  test('check reads the cluster', async () => {
    expect(await ours('check')).toContain(`it is Kubernetes 1.${server}.`);
  });
});
