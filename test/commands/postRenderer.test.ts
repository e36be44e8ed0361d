import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../scripts/cluster/tools.ts';

const root = join(import.meta.dirname, '../..');
const plugin = join(root, 'plugins/helm');
let folder = '';
let environment: Record<string, string> = {};
let helm: Record<3 | 4, string>;

const chart = {
  'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
  'templates/web.yaml': [
    '# the shop',
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata:',
    '  name: {{ .Release.Name }}',
    'spec:',
    '  selector: {matchLabels: {app: web}}',
    '  template:',
    '    metadata: {labels: {app: web}}',
    '    spec:',
    '      containers:',
    '      - name: web # the app',
    '        image: "web:1"',
    '',
  ].join('\n'),
  'templates/migrate.yaml': [
    'apiVersion: batch/v1',
    'kind: Job',
    'metadata:',
    '  name: migrate',
    '  annotations: {helm.sh/hook: pre-upgrade}',
    'spec:',
    '  template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "web:1"}]}}',
    '',
  ].join('\n'),
};

beforeAll(async () => {
  helm = { 4: await ensureHelm(4, stderrProgress), 3: await ensureHelm(3, stderrProgress) };
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-helm-'));
  await mkdir(join(folder, 'shop/templates'), { recursive: true });
  for (const [name, text] of Object.entries(chart)) await writeFile(join(folder, 'shop', name), text);
  environment = {
    HELM_DATA_HOME: join(folder, 'data'),
    HELM_CONFIG_HOME: join(folder, 'config'),
    HELM_CACHE_HOME: join(folder, 'cache'),
    HELM_NAMESPACE: 'shop',
  };
  await execa(helm[4], ['plugin', 'install', plugin], { env: environment });
}, 300_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Pod {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly object[];
    readonly initContainers?: readonly { readonly name: string }[];
  };
}

function templates(text: string): Record<string, Pod> {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return {};
  const objects = documents.map(
    (document) => document.toJS() as { metadata: { name: string }; spec: { template: Pod } },
  );
  return Object.fromEntries(objects.map(({ metadata, spec }) => [metadata.name, spec.template]));
}

test.concurrent('Helm 4 runs inject as a plugin with its arguments, for hooks too', async () => {
  const log = join(folder, 'log');
  const { stdout } = await execa(
    helm[4],
    [
      'template',
      'web',
      'shop',
      '--post-renderer',
      'packet-capture',
      '--post-renderer-args',
      '--filter',
      '--post-renderer-args',
      'tcp port 80',
    ],
    { cwd: folder, env: { ...environment, PACKET_CAPTURE_LOG: log } },
  );
  const pods = templates(stdout);
  expect(Object.keys(pods).toSorted()).toEqual(['migrate', 'web']);
  for (const { spec, metadata } of Object.values(pods)) {
    expect(spec.initContainers?.map(({ name }) => name)).toEqual(['packet-capture']);
    expect(metadata?.annotations?.['packet-capture/filter']).toBe('tcp port 80');
    expect(spec.containers).toHaveLength(1);
  }
  expect(await readFile(log, 'utf8')).toContain('2 injected, 0 skipped');
});

test.concurrent('the log has what Helm 4 does not show of a failure', async () => {
  const log = join(folder, 'failure');
  const { exitCode, stdout } = await execa(
    helm[4],
    ['template', 'web', 'shop', '--post-renderer', 'packet-capture', '--post-renderer-args', '--snaplen=x'],
    {
      cwd: folder,
      env: { ...environment, PACKET_CAPTURE_LOG: log },
      reject: false,
    },
  );
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(await readFile(log, 'utf8')).toMatch(/^error SETTING_INVALID: snaplen "x"/);
});

test.concurrent('Helm 3 runs the same file, and all other bytes are unchanged', async () => {
  // Helm 3 does not support plugins of version 1.
  const env = { ...environment, HELM_DATA_HOME: join(folder, 'data3') };
  const plain = await execa(helm[3], ['template', 'web', 'shop', '--no-hooks'], { cwd: folder, env });
  const rendered = await execa(
    helm[3],
    [
      'template',
      'web',
      'shop',
      '--no-hooks',
      '--post-renderer',
      join(plugin, 'post-renderer.sh'),
      '--post-renderer-args',
      '--filter=udp',
    ],
    {
      cwd: folder,
      env,
    },
  );
  expect(templates(rendered.stdout)['web']?.metadata?.annotations?.['packet-capture/filter']).toBe('udp');
  const back = await execa(process.execPath, [join(root, 'bin/packet-capture.js'), 'uninject', '-f', '-'], {
    input: rendered.stdout,
  });
  expect(back.stdout).toBe(plain.stdout);
});
