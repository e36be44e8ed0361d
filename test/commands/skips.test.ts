import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder = '';

interface Run {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

async function packetCapture(args: readonly string[], input = ''): Promise<Run> {
  const program = join(import.meta.dirname, '../../bin/packet-capture.js');
  const options = { cwd: folder, reject: false, stripFinalNewline: false, input } as const;
  const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], options);
  return { exitCode, stdout, stderr };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-skips-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A Deployment whose pod template has this metadata and, in addition to its container, these fields. */
function deployment(name: string, spec = '', metadata = `{labels: {app: ${name}}}`): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: ${metadata}
    spec:
      containers: [{name: web, image: "example/web:1"}]
${spec}`;
}

const affinity = `      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
              - matchExpressions: [{key: kubernetes.io/os, operator: In, values: [windows]}]
`;

test.concurrent('pods that cannot run the sidecar are skipped with a reason', async () => {
  const cases = [
    ['windows', deployment('a', affinity)],
    ['windows', deployment('b', '      nodeSelector: {beta.kubernetes.io/os: windows}\n')],
    ['windows', deployment('c', '      runtimeClassName: windows-2022\n')],
    ['fargate', deployment('d', '      schedulerName: fargate-scheduler\n')],
    ['fargate', deployment('e', '', '{labels: {app: e, eks.amazonaws.com/fargate-profile: fp-shop}}')],
    ['virtual_node', deployment('f', '      nodeSelector: {type: virtual-kubelet}\n')],
  ] as const;
  const input = cases.map(([, text]) => text).join('---\n');
  const { exitCode, stdout, stderr } = await packetCapture(['inject', '-f', '-'], input);
  expect(exitCode).toBe(0);
  expect(stdout).toBe(input);
  const reasons = [...stderr.matchAll(/^skipped deployment\/. in shop \(\S+\): ([a-z_]+): .+$/gm)].map(
    ([, reason]) => reason,
  );
  expect(reasons).toEqual(cases.map(([reason]) => reason));
});

test.concurrent('sandboxes without packet sockets are skipped by the list of the configuration', async () => {
  const input = ['gvisor', 'kata-qemu']
    .map((name) => deployment(name, `      runtimeClassName: ${name}\n`))
    .join('---\n');
  const byDefault = await packetCapture(['inject', '-f', '-'], input);
  expect(byDefault.stderr).toMatch(
    /^skipped deployment\/gvisor in shop \(\S+\): sandbox: .+\ninjected deployment\/kata-qemu/m,
  );
  await writeFile(join(folder, 'kata.yaml'), 'skipRuntimeClasses: ["kata-*"]\n');
  const byFile = await packetCapture(['inject', '-f', '-', '--sidecar-config', 'kata.yaml'], input);
  expect(byFile.stderr).toMatch(
    /^injected deployment\/gvisor .+\nskipped deployment\/kata-qemu in shop \(\S+\): sandbox: /m,
  );
});

const patchFile = `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-agent, namespace: infra}
spec:
  template:
    spec:
      containers:
        - name: agent
          env: [{name: LOG_LEVEL, value: warn}]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: web, image: "example/web:1"}]
      initContainers: [{name: migrate, env: [{name: LOG_LEVEL, value: warn}]}]
`;

test.concurrent('a kustomize patch in a folder of manifests is not a workload', async () => {
  const files = { 'tree/base/web.yaml': deployment('web'), 'tree/overlay/log-level.yaml': patchFile };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const { exitCode, stderr } = await packetCapture(['inject', '-f', 'tree', '--in-place', '-R']);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toMatch(/^injected deployment\/web in shop /m);
  expect(stderr).toMatch(/^skipped daemonset\/node-agent in infra \(.*\): no_image: /m);
  expect(stderr).toMatch(/^skipped rollout\/web \(.*\): no_image: /m);
});

test.concurrent('kinds whose containers have no image in the manifest are injected', async () => {
  const flink = `apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata: {name: jobs}
spec:
  podTemplate:
    spec:
      containers: [{name: flink-main-container}]
`;
  const { stderr } = await packetCapture(
    ['inject', '-f', '-', '--template-path', 'flink.apache.org/FlinkDeployment=spec.podTemplate'],
    flink,
  );
  expect(stderr).toContain('injected flinkdeployment/jobs');
});

const status = '{"version":"0.1.0","containers":["packet-capture"],"volumes":["packet-capture-files"]}';

test.concurrent('a status without the sidecar has its own reason, and uninject removes it', async () => {
  const ghost = deployment(
    'web',
    '',
    `\n      labels: {app: web}\n      annotations:\n        packet-capture/status: '${status}'\n`,
  );
  const injected = await packetCapture(['inject', '-f', '-'], ghost);
  expect(injected.stderr).toMatch(/^skipped deployment\/web in shop \(-:1\): foreign_status: .*uninject/);
  const cleared = await packetCapture(['uninject', '-f', '-'], ghost);
  expect(cleared.stderr).toMatch(/^removed from deployment\/web|^removed deployment\/web/);
  expect(cleared.stdout).not.toContain('packet-capture');
  expect((await packetCapture(['inject', '-f', '-'], cleared.stdout)).stderr).toMatch(/^injected deployment\/web/);
});

test.concurrent('a sidecar without the status has its own reason, and uninject removes it', async () => {
  const half = deployment(
    'web',
    '      initContainers: [{name: packet-capture, image: "packet-capture/agent:0.1.0", restartPolicy: Always}]\n',
  );
  const injected = await packetCapture(['inject', '-f', '-'], half);
  expect(injected.stderr).toMatch(/^skipped deployment\/web in shop \(-:1\): status_missing: .*uninject/);
  const cleared = await packetCapture(['uninject', '-f', '-'], half);
  expect(cleared.stdout).toBe(deployment('web', '      initContainers: []\n'));
  expect((await packetCapture(['inject', '-f', '-'], cleared.stdout)).stderr).toMatch(/^injected deployment\/web/);
});

test.concurrent('uninject removes a sidecar that lost its status in a real manifest completely', async () => {
  const annotated = (extra: string): string =>
    deployment('web', '', `\n      labels: {app: web}\n      annotations:\n        a: b\n${extra}`);
  const injected = await packetCapture(['inject', '-f', '-'], annotated(''));
  const half = injected.stdout.replace(/ +packet-capture\/status: .*\n/, '');
  expect(half).not.toContain('packet-capture/status');
  expect((await packetCapture(['uninject', '-f', '-'], half)).stdout).toBe(annotated(''));
});

test.concurrent('uninject removes nothing of others because of a forged status', async () => {
  const forged =
    '{"version":"0.1.0","containers":["web","istio-proxy"],"volumes":["data"],"annotations":["example.com/a"]}';
  const text = deployment(
    'web',
    '      volumes: [{name: data, emptyDir: {}}]\n',
    `\n      annotations:\n        example.com/a: b\n        packet-capture/status: '${forged}'\n`,
  );
  const { stdout } = await packetCapture(['uninject', '-f', '-'], text);
  expect(stdout).toBe(text.replace(/ +packet-capture\/status: .*\n/, ''));
});

test.concurrent('in a mesh, the report says that lo has the plaintext if no interface lo is asked for', async () => {
  const proxies = [
    '{name: istio-proxy, image: a, restartPolicy: Always}',
    '{name: linkerd-proxy, image: a, restartPolicy: Always}',
  ];
  const input = [
    ...proxies.map((proxy) => deployment('web', `      initContainers: [${proxy}]\n`)),
    deployment('web', '', '{labels: {app: web, sidecar.istio.io/inject: "true"}}'),
    deployment('web', '', '{annotations: {linkerd.io/inject: enabled, packet-capture/interfaces: eth0}}'),
  ].join('---\n');
  const { stderr } = await packetCapture(['inject', '-f', '-'], input);
  expect([...stderr.matchAll(/^injected deployment\/web .*: without plaintext: .*lo/gm)]).toHaveLength(4);
  for (const interfaces of ['lo', 'any', 'all,lo']) {
    const asked = await packetCapture(
      ['inject', '-f', '-', '--interfaces', interfaces],
      deployment('web', `      initContainers: [${proxies[0] ?? ''}]\n`),
    );
    expect(asked.stderr).toMatch(/^injected deployment\/web in shop \(-:1\)\n/);
  }
});

test.concurrent('settings that can capture nothing are refused', async () => {
  for (const [value, form] of [
    ['eth*', 'any'],
    ['any,eth0', 'all,lo'],
    ['-i eth0', 'separated by commas'],
    ['lo,lo', 'once'],
    ['eth0@if7', 'separated by commas'],
  ] as const) {
    const { exitCode, stderr } = await packetCapture(['inject', '-f', '-', `--interfaces=${value}`], deployment('web'));
    expect(exitCode, value).toBe(2);
    expect(stderr, value).toContain(form);
  }
  const metadata = (key: string, value: string): string => `{annotations: {packet-capture/${key}: "${value}"}}`;
  const input = [
    deployment('a', '', metadata('interfaces', 'eth*')),
    deployment('b', '', metadata('snaplen', 'many')),
    deployment('c', '', metadata('interfaces', 'any')),
  ].join('---\n');
  const { stderr } = await packetCapture(['inject', '-f', '-'], input);
  expect(stderr).toMatch(
    /^injected deployment\/a .*: without packets: packet-capture\/interfaces must be all, any, all,lo, or different/m,
  );
  expect(stderr).toMatch(/^injected deployment\/b .*: without packets: /m);
  expect(stderr).toMatch(/^injected deployment\/c in shop \(-:\d+\)$/m);
});

test.concurrent('the warning about schemas of custom kinds is printed once for each kind', async () => {
  const custom = (apiVersion: string, kind: string, name: string): string =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}\n`;
  const rollout = 'argoproj.io/v1alpha1';
  const input = [
    deployment('web'),
    custom(rollout, 'Rollout', 'a'),
    custom(rollout, 'Rollout', 'b'),
    custom('bug.example/v1', 'Fleet', 'c'),
  ].join('---\n');
  const { exitCode, stderr } = await packetCapture(
    ['inject', '-f', '-', '--template-path', 'bug.example/Fleet=spec.template'],
    input,
  );
  expect(exitCode).toBe(0);
  const kinds = [...stderr.matchAll(/^warning: (\S+ \(\S+\)): .*restartPolicy: Always.*--dry-run=server/gm)].map(
    ([, kind]) => kind,
  );
  expect(kinds).toEqual(['Rollout (argoproj.io/v1alpha1)', 'Fleet (bug.example/v1)']);
});
