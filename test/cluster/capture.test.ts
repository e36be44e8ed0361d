import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { runInNetns } from '../../scripts/cluster/kubectl.ts';
import { until } from '../support/agent/until.ts';
import { appPod } from '../support/cluster/apps.ts';
import {
  agentEvent,
  agentEvents,
  agentImage,
  captureFolder,
  cli,
  copyFiles,
  fetchPage,
  injectAndApply,
  keepFiles,
  kube,
  loadImages,
  namespaceYaml,
  nginxImage,
  podField,
  restarts,
  sendDatagrams,
  tshark,
} from '../support/cluster/clusterFixture.ts';

const image = ['--image', agentImage];
const namespaces = ['capture-privileged', 'capture-baseline', 'capture-restricted', 'capture-live'];
const live = 'capture-live';

async function ready(namespace: string, pod: string): Promise<void> {
  await kube(['wait', '-n', namespace, `pod/${pod}`, '--for=condition=Ready', '--timeout=240s']);
}

/** By the command: where the kubelet overlooks a change, it is asked once more. */
async function steer(namespace: string, pod: string, ...command: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await cli([...command, pod, '-n', namespace]);
  expect(exitCode, stderr).toBe(0);
}

/** Lets the capture close its file, and copies what there is: all that was sent before. */
async function finish(namespace: string, pod: string): Promise<string[]> {
  await steer(namespace, pod, 'stop');
  await agentEvent(namespace, pod, 'idle');
  return copyFiles(namespace, pod);
}

beforeAll(async () => {
  await loadImages();
  await kube(['apply', '-f', '-'], namespaceYaml(live));
});

afterAll(async () => {
  await kube(['delete', 'namespace', ...namespaces, '--ignore-not-found', '--wait=false']);
});

describe.each([
  // NET_RAW alone, bit 13; and the defaults of containerd.
  ['privileged', '0000000000002000'],
  ['baseline', '00000000a80425fb'],
])('in a namespace that enforces Pod Security %s', (level, capabilities) => {
  const namespace = `capture-${level}`;

  test('a page is captured completely, and the file names the interface and the pod', async () => {
    await injectAndApply([namespaceYaml(namespace, level), appPod(namespace, 'web')].join('---\n'), ...image);
    await ready(namespace, 'web');
    await agentEvent(namespace, 'web', 'started');
    const ip = await podField(namespace, 'web', '.status.podIP');
    expect(await fetchPage(ip)).toContain('Welcome to nginx!');
    const [file = ''] = await finish(namespace, 'web');
    const rows = await tshark(file, [
      'frame.interface_name',
      'frame.interface_description',
      'ip.dst',
      'http.request.uri',
      'http.response.code',
    ]);
    expect(rows.find((row) => row[3] === '/')?.slice(0, 3)).toEqual(['eth0', `${namespace}/web node=node0`, ip]);
    expect(rows.some((row) => row[4] === '200')).toBe(true);
  });

  test("the sidecar runs as nobody, cannot gain privileges, and does not have the app's token", async () => {
    const status = await kube(['exec', '-n', namespace, 'web', '-c', 'packet-capture', '--', 'cat', '/proc/1/status']);
    expect(status).toMatch(/^Uid:\t60947\t60947/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    const tokens = await kube([
      'exec',
      '-n',
      namespace,
      'web',
      '-c',
      'packet-capture',
      '--',
      'ls',
      '/var/run/secrets/kubernetes.io/serviceaccount',
    ]);
    expect(tokens.trim()).toBe('');
    const app = await kube([
      'exec',
      '-n',
      namespace,
      'web',
      '-c',
      'app',
      '--',
      'ls',
      '/var/run/secrets/kubernetes.io/serviceaccount',
    ]);
    expect(app).toContain('token');
    expect(status).toContain(`\nCapBnd:\t${capabilities}\n`);
  });
});

test('in a namespace that enforces restricted, the manifest is refused before it is sent to Kubernetes', async () => {
  const yaml = [namespaceYaml('capture-restricted', 'restricted'), appPod('capture-restricted', 'web')].join('---\n');
  const { stdout, stderr } = await cli(['inject', '-f', '-', ...image], yaml);
  expect(stderr).toContain('pod_security_restricted');
  // The last line end is lost on the way here.
  expect(`${stdout}\n`).toBe(yaml);
});

test('the sidecar serves metrics on its port, and reads the labels and the Secret of the pod', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-metrics-'));
  const file = join(folder, 'sidecarconfig.yaml');
  await writeFile(file, `agent: {image: ${agentImage}, metricsPort: 9464}\nsettings: {filter: udp port 7}\n`);
  const secret = `apiVersion: v1\nkind: Secret\nmetadata: {name: packet-capture-upload, namespace: ${live}}\nstringData: {rclone.conf: "[s3]"}\n`;
  await injectAndApply(
    [secret, appPod(live, 'observed').replace('metadata:', 'metadata:\n  labels: {app: observed}')].join('---\n'),
    '--sidecar-config',
    file,
  );
  await rm(folder, { recursive: true });
  await ready(live, 'observed');
  await agentEvent(live, 'observed', 'started');
  const ip = await podField(live, 'observed', '.status.podIP');
  await sendDatagrams(ip, 7, 5);
  const port = await podField(
    live,
    'observed',
    '.spec.initContainers[0].ports[?(@.name=="packet-capture")].containerPort',
  );
  const metrics = await until('metrics of 5 packets', async () => {
    const { stdout } = await runInNetns(inject('node'), [
      'curl',
      '--silent',
      '--show-error',
      `http://${ip}:${port}/metrics`,
    ]);
    return stdout.includes('packet_capture_packets_total 5\n') ? stdout : undefined;
  });
  expect(metrics).toContain('packet_capture_state{state="capturing"} 1\n');
  const read = async (path: string): Promise<string> =>
    kube(['exec', '-n', live, 'observed', '-c', 'packet-capture', '--', 'cat', path]);
  expect(await read('/etc/packet-capture/settings/labels')).toBe('app="observed"');
  expect(await read('/etc/packet-capture/upload/rclone.conf')).toBe('[s3]');
  // It is written a moment after the metrics.
  const status = async (): Promise<unknown> => JSON.parse(await read('/captures/.agent/status.json'));
  await expect.poll(status).toMatchObject({
    state: 'capturing',
    packets: 5,
    filter: 'udp port 7',
  });
});

test('a Job with the sidecar completes', async () => {
  await injectAndApply(
    `apiVersion: batch/v1
kind: Job
metadata:
  name: short
  namespace: ${live}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: work
          image: ${nginxImage}
          command: [bash, -c, sleep 1]
`,
    ...image,
  );
  await kube(['wait', '-n', live, 'job/short', '--for=condition=complete', '--timeout=240s']);
  const pod = (await kube(['get', 'pods', '-n', live, '-l', 'job-name=short', '-o', 'name']))
    .trim()
    .replace('pod/', '');
  await agentEvent(live, pod, 'stopped');
  expect(await podField(live, pod, '.status.initContainerStatuses[0].state.terminated.exitCode')).toBe('0');
});

test('the app becomes Ready although the filter is invalid; nothing is captured until the filter is corrected', async () => {
  await injectAndApply(appPod(live, 'mended'), ...image, '--filter', 'tcp port eighty and (');
  await ready(live, 'mended');
  expect(await agentEvent(live, 'mended', 'invalid setting')).toMatchObject({ setting: 'filter' });
  const ip = await podField(live, 'mended', '.status.podIP');
  await fetchPage(ip);
  expect((await agentEvents(live, 'mended')).map(({ event }) => event)).not.toContain('started');
  await steer(live, 'mended', 'start', '--filter', 'tcp port 80');
  await agentEvent(live, 'mended', 'started');
  await fetchPage(ip);
  const files = await finish(live, 'mended');
  expect(files).toHaveLength(1);
  expect((await tshark(files[0] ?? '', ['http.response.code'], 'http.response')).flat()).toEqual(['200']);
  expect(await restarts(live, 'mended')).toBe(0);
});

test('a filter that is changed by an annotation is applied in a new file, without a restart', async () => {
  await injectAndApply(appPod(live, 'moved'), ...image, '--filter', 'tcp port 80');
  await ready(live, 'moved');
  await agentEvent(live, 'moved', 'started');
  const ip = await podField(live, 'moved', '.status.podIP');
  await fetchPage(ip);
  await kube(['annotate', 'pod', '-n', live, 'moved', 'packet-capture/filter=udp port 40000', '--overwrite']);
  // It changes nothing any more, and waits for the agent.
  await steer(live, 'moved', 'start', '--filter', 'udp port 40000');
  await fetchPage(ip);
  await sendDatagrams(ip, 40_000, 7);
  const [first = '', second = ''] = await finish(live, 'moved');
  expect((await tshark(first, ['http.response.code'], 'http.response')).flat()).toEqual(['200']);
  expect(await tshark(first, ['frame.number'], 'udp')).toHaveLength(0);
  expect((await tshark(second, ['udp.dstport'])).flat()).toEqual(Array.from({ length: 7 }, () => '40000'));
  expect(await restarts(live, 'moved')).toBe(0);
});

test('when the pod is deleted, every packet is captured, including the last ones of the app', async () => {
  const count = 100;
  // This image is stopped by SIGQUIT, as nginx wants it.
  const farewell = `trap 'for i in $(seq ${count}); do echo "farewell $i" >/dev/udp/10.250.0.1/40000; done; exit' TERM QUIT; while :; do sleep 0.05; done`;
  await injectAndApply(
    appPod(live, 'deleted', {
      graceSeconds: 30,
      container: `      command: [bash, -c, ${JSON.stringify(farewell)}]\n`,
    }),
    ...image,
    '--filter',
    'udp dst port 40000',
  );
  await ready(live, 'deleted');
  await agentEvent(live, 'deleted', 'started');
  const [file = ''] = await keepFiles(await captureFolder(live, 'deleted'));
  await sendDatagrams(await podField(live, 'deleted', '.status.podIP'), 40_000, count, 10);
  await kube(['delete', 'pod', '-n', live, 'deleted', '--timeout=240s']);
  const payloads = (await tshark(file, ['udp.payload'])).map(([hex = '']) => Buffer.from(hex, 'hex').toString().trim());
  const numbered = (word: string): string[] => Array.from({ length: count }, (_, index) => `${word} ${index + 1}`);
  expect(payloads).toEqual([...numbered('datagram'), ...numbered('farewell')]);
});

test('a pod of an injected manifest equals a pod of a patched Deployment', async () => {
  const deployment = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: ${live}
spec:
  selector:
    matchLabels: {same: as}
  template:
    metadata:
      labels: {same: as}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: nginx
          image: ${nginxImage}
          volumeMounts:
            - {name: data, mountPath: /data}
      volumes:
        - name: data
          emptyDir: {}
`;
  const settings = ['--filter', "tcp port 80 or host 'x'", '--file-size', '2Mi'];
  await injectAndApply(deployment('by-manifest'), ...image, ...settings);
  const byManifest = await onlyPod('by-manifest');
  await kube(['delete', 'deployment', '-n', live, 'by-manifest', '--wait=false']);
  await kube(['apply', '-f', '-'], deployment('by-patch'));
  const { exitCode, stderr } = await cli(['patch', 'deploy/by-patch', '-n', live, '--wait', ...image, ...settings]);
  expect(exitCode, stderr).toBe(0);
  expect(await onlyPod('by-patch')).toEqual(byManifest);

  /** The annotations and the spec of the only pod that stays, without what Kubernetes makes up for each pod. */
  async function onlyPod(owner: string): Promise<unknown> {
    await kube(['rollout', 'status', '-n', live, `deployment/${owner}`, '--timeout=240s']);
    const list = JSON.parse(await kube(['get', 'pods', '-n', live, '-l', 'same=as', '-o', 'json'])) as {
      items: { metadata: { name: string; annotations: unknown; deletionTimestamp?: string }; spec: unknown }[];
    };
    const pod = list.items.find(
      ({ metadata }) => metadata.name.startsWith(owner) && metadata.deletionTimestamp === undefined,
    );
    return JSON.parse(
      JSON.stringify({ annotations: pod?.metadata.annotations, spec: pod?.spec }).replaceAll(
        /kube-api-access-\w+/g,
        'kube-api-access',
      ),
    );
  }
});
