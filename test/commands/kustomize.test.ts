import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { programPaths } from '../../scripts/cluster/goBuild.ts';
import { kubernetes } from '../../scripts/cluster/goModules.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureTools } from '../../scripts/cluster/tools.ts';

const root = join(import.meta.dirname, '../..');
let folder = '';
let kubectl = '';

const base = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web.shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: web:1}
      volumes:
      - {name: data, emptyDir: {}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: api}
spec: {template: {metadata: {annotations: {a: b}}, spec: {containers: [{name: api, image: api:1}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
`;

beforeAll(async () => {
  await ensureTools(stderrProgress);
  kubectl = (await programPaths(kubernetes)).kubectl;
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-kustomize-'));
  await put('base/all.yaml', base);
  await put('base/kustomization.yaml', 'resources: [all.yaml]\n');
}, 1_800_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function put(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

async function packetCapture(args: readonly string[], input = ''): Promise<string> {
  const { stdout } = await execa(process.execPath, [join(root, 'bin/packet-capture.js'), ...args], {
    cwd: folder,
    input,
  });
  return stdout;
}

async function build(path: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(kubectl, ['kustomize', ...args, path], {
    cwd: folder,
    env: { KUSTOMIZE_PLUGIN_HOME: join(root, 'plugins/kustomize') },
  });
  return stdout;
}

function values(text: string): unknown[] {
  const documents = parseAllDocuments(text, { version: '1.1' });
  return Array.isArray(documents) ? documents.map((document) => document.toJS() as unknown) : [];
}

test.concurrent('the Component of inject -o patch gives the same result as inject', async () => {
  await put(
    'capture/kustomization.yaml',
    await packetCapture(['inject', '-f', 'base/all.yaml', '--filter', 'tcp port 80', '-o', 'patch']),
  );
  await put('overlay/kustomization.yaml', 'resources: [../base]\ncomponents: [../capture]\n');
  const injected = await packetCapture(['inject', '-f', '-', '--filter', 'tcp port 80'], await build('base'));
  expect(values(await build('overlay'))).toEqual(values(injected));
});

test.concurrent('the Component refuses a base that has annotations since', async () => {
  await put('later/kustomization.yaml', 'resources: [all.yaml]\ncomponents: [../old]\n');
  await put('old/kustomization.yaml', await packetCapture(['inject', '-f', 'base/all.yaml', '-o', 'patch']));
  await put(
    'later/all.yaml',
    base.replace('labels: {app: web}}\n    spec', 'labels: {app: web}, annotations: {mine: "1"}}\n    spec'),
  );
  await expect(build('later')).rejects.toThrow('/spec/template/metadata/annotations failed');
});

const config =
  'apiVersion: packet-capture/v1\nkind: PacketCapture\nmetadata: {name: capture}\nspec:\n  filter: udp\n  kind: [deploy]\n';

test.concurrent('kubectl runs the legacy plugin with the settings of its configuration', async () => {
  await put('plugin/kustomization.yaml', 'resources: [../base]\ntransformers: [capture.yaml]\n');
  await put('plugin/capture.yaml', config);
  const injected = await packetCapture(
    ['inject', '-f', '-', '--filter', 'udp', '--kind', 'deploy'],
    await build('base'),
  );
  expect(injected.match(/packet-capture\/filter: udp/g)).toHaveLength(1);
  expect(values(await build('plugin', '--enable-alpha-plugins'))).toEqual(values(injected));
});

test.concurrent('the KRM function answers a ResourceList with a ResourceList, and reports why if it cannot', async () => {
  const resourceList = (spec: string): string =>
    `apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- ${base.split('---\n')[0]?.trimEnd().replaceAll('\n', '\n  ')}\nfunctionConfig:\n  apiVersion: packet-capture/v1\n  kind: PacketCapture\n  spec: ${spec}\n`;
  const answer = parse(
    (await execa(join(root, 'plugins/kustomize/function.sh'), { input: resourceList('{filter: udp, snaplen: 96}') }))
      .stdout,
  ) as {
    kind: string;
    items: unknown[];
  };
  expect(answer.kind).toBe('ResourceList');
  expect(answer.items).toMatchObject([
    {
      spec: {
        template: { metadata: { annotations: { 'packet-capture/filter': 'udp', 'packet-capture/snaplen': '96' } } },
      },
    },
  ]);
  const { exitCode, stdout, stderr } = await execa(join(root, 'plugins/kustomize/function.sh'), {
    input: resourceList('{filtre: udp}'),
    reject: false,
  });
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toContain("error USAGE: unknown option '--filtre=udp'");
  expect(stderr).toContain('at -: functionConfig');
});
