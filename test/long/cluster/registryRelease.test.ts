import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { ensureNodeImage, loadImage } from '../../../scripts/cluster/images.ts';
import { kubectl, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import type { PublishedImage, ReleaseRecord } from '../../../scripts/release/publish/record.ts';
import { version } from '../../../src/version.ts';
import { until } from '../../support/agent/until.ts';
import { cli, kube, namespaceYaml, nginxImage, podField, tshark } from '../../support/cluster/clusterFixture.ts';
import { registryAddress, startRegistry, type Registry } from '../../support/long/flux/registry.ts';
import {
  createPod,
  expectDone,
  forgetImages,
  hasContent,
  pulledImages,
  pullError,
} from '../../support/long/registryRelease/nodeImages.ts';
import { documented, place, publish, release, type } from '../../support/long/registryRelease/release.ts';
import { servingPod } from '../../support/long/servingPod.ts';

const node = inject('node');
const own = 'packet-capture';
const shop = `registry-release-${Date.now().toString(36)}`;
const byDigest = 'helm install packet-capture "$(npm run';
const byCosign = 'helm install packet-capture oci://';
let folder = '';
let registry: Registry | undefined;
let first: ReleaseRecord | undefined;

beforeAll(async () => {
  await loadImage(node, await ensureNodeImage('nginx', nginxImage, stderrProgress), stderrProgress);
  await kube(['apply', '-f', '-'], namespaceYaml(shop));
  await kube(['label', 'namespace', shop, `${own}/injection=enabled`]);
  folder = await mkdtemp(join(node.stateDir, 'registry-release-'));
  // An empty one. That two of them get the same digests is in test/long/publish.test.ts.
  registry = await startRegistry(folder);
  first = await publish(folder);
}, 3_600_000);

afterAll(async () => {
  await registry?.stop();
  await kube(['delete', 'namespace', shop, '--ignore-not-found', '--wait=false']);
  if (folder !== '') await rm(folder, { recursive: true });
});

/** What is in the registry. */
function published(): ReleaseRecord {
  if (first === undefined) throw new Error('nothing was published');
  return first;
}

function imageOf(record: ReleaseRecord, name: 'agent' | 'injector'): PublishedImage {
  const image = record.images[name];
  if (image === undefined) throw new Error(`the release has no ${name}`);
  return image;
}

/** The digests of a release's images, also for this machine alone. */
function digestsOf(record: ReleaseRecord): string[] {
  return Object.values(record.images).flatMap(({ digest, platforms }) => [digest, ...Object.values(platforms)]);
}

async function forget(record: ReleaseRecord): Promise<void> {
  await forgetImages(registryAddress, digestsOf(record));
  expect(await pulledImages(registryAddress)).toEqual([]);
  expect(await hasContent(digestsOf(record))).toBe(false);
}

/** A pod of an app that is asked every second gets the sidecar of the release, and its packets are captured. */
async function expectCaptured(record: ReleaseRecord, pod: string): Promise<void> {
  const agent = imageOf(record, 'agent');
  await kube(['rollout', 'status', '-n', own, 'deployment/packet-capture', '--timeout=240s']);
  const annotations = 'metadata:\n  annotations: {packet-capture/inject: "true"}\n';
  await kube(['apply', '-f', '-'], servingPod(shop, pod).replace('metadata:\n', annotations));
  await kube(['wait', '-n', shop, `pod/${pod}`, '--for=condition=Ready', '--timeout=240s']);
  const image = `${place}/packet-capture/agent@${agent.digest}`;
  expect(await podField(shop, pod, '.spec.initContainers[0].image')).toBe(image);
  expect(await podField(shop, pod, '.status.initContainerStatuses[0].imageID')).toBe(image);
  const merged = join(folder, `${pod}.pcapng`);
  const captured = async (): Promise<boolean> => {
    const args = ['download', pod, '-n', shop, '--open', '-o', join(folder, 'files'), '--merge', merged];
    const { exitCode } = await cli(args);
    return exitCode === 0 && (await tshark(merged, ['frame.number'], 'tcp.port == 80')).length > 0;
  };
  await until('packets of the pod', captured);
}

async function uninstall(): Promise<void> {
  const helm = await ensureHelm(4, stderrProgress);
  await runInNetns(node, [helm, 'uninstall', own, '-n', own, '--wait', '--ignore-not-found']);
  await kube(['delete', 'namespace', own, '--ignore-not-found']);
  await kube(['delete', 'pods', '--all', '-n', shop]);
}

describe.each([3, 4] as const)('helm %i', (major) => {
  afterEach(uninstall);

  test('goes from the registry to captured packets by one command that verifies, with images that the node pulls by digest', async () => {
    const record = published();
    await forget(record);
    const { exitCode, stdout, stderr } = await type(await documented(byDigest), folder, major);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain('STATUS: deployed');
    await expectCaptured(record, `helm${major}`);
    const names = (['agent', 'injector'] as const).map(
      (name) => `${place}/packet-capture/${name}@${imageOf(record, name).digest}`,
    );
    expect(await pulledImages(registryAddress)).toEqual(names);
  });

  test('installs what cosign alone has verified', async () => {
    const { exitCode, stderr } = await type(await documented(byCosign), folder, major);
    expect(exitCode, stderr).toBe(0);
    await kube(['rollout', 'status', '-n', own, 'deployment/packet-capture', '--timeout=240s']);
  });
});

/** Changes one byte in the middle of what a digest names, for as long as `work` takes. */
async function withChangedByte(digest: string, work: () => Promise<void>): Promise<void> {
  if (registry === undefined) throw new Error('there is no registry');
  const path = registry.blobFile(digest);
  const before = await readFile(path);
  const after = Buffer.from(before);
  const middle = Math.floor(after.length / 2);
  after[middle] = (after[middle] ?? 0) ^ 1;
  await writeFile(path, after);
  try {
    await work();
  } finally {
    await writeFile(path, before);
  }
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly [{ readonly digest: string }];
}

async function manifestOf(digest: string): Promise<Manifest> {
  if (registry === undefined) throw new Error('there is no registry');
  return JSON.parse(await readFile(registry.blobFile(digest), 'utf8')) as Manifest;
}

test('the node refuses an image of which a byte was changed: in the index, the manifest, the configuration, the layer', async () => {
  const record = published();
  const agent = imageOf(record, 'agent');
  const digest = agent.platforms[`linux/${process.arch === 'x64' ? 'amd64' : 'arm64'}`] ?? '';
  const { config, layers } = await manifestOf(digest);
  const parts = { index: agent.digest, manifest: digest, configuration: config.digest, layer: layers[0].digest };
  const image = `${place}/packet-capture/agent@${agent.digest}`;
  for (const [part, changed] of Object.entries(parts)) {
    await forget(record);
    await withChangedByte(changed, async () => {
      await createPod(shop, `changed-${part}`, image);
      const message = await pullError(shop, `changed-${part}`);
      console.log(`${part}: ${message}`);
      expect(message).toContain(registryAddress);
    });
    await kube(['delete', 'pod', `changed-${part}`, '-n', shop]);
  }
  await forget(record);
  await createPod(shop, 'unchanged', image);
  await expectDone(shop, 'unchanged');
});

test('helm refuses a chart of which a byte was changed, and the documented commands then install nothing', async () => {
  const { chart } = published();
  const { config, layers } = await manifestOf(chart.digest);
  const parts = { manifest: chart.digest, description: config.digest, archive: layers[0].digest };
  for (const [part, changed] of Object.entries(parts))
    await withChangedByte(changed, async () => {
      for (const major of [3, 4] as const) {
        const helm = await ensureHelm(major, stderrProgress);
        const work = await mkdtemp(join(folder, 'changed-'));
        const pull = [helm, 'pull', `oci://${place}/charts/${own}@${chart.digest}`, '--plain-http'];
        const env = { HELM_CACHE_HOME: work };
        const pulled = await runInNetns(node, pull, { cwd: work, env });
        console.log(`helm ${major}, ${part}: ${pulled.stderr.slice(0, 200)}`);
        expect(pulled.exitCode, part).not.toBe(0);
        const typed = await type(await documented(byDigest), folder, major, work);
        expect(typed.exitCode, part).not.toBe(0);
        expect(typed.stderr).toContain('error ');
      }
    });
  expect((await kubectl(node, ['get', 'namespace', own])).stderr).toContain('not found');
});

test('with the policy of the release the API server admits its images by its digests alone', async () => {
  const record = published();
  const agent = `${place}/packet-capture/agent`;
  const other = `sha256:${'0'.repeat(64)}`;
  const object = 'packet-capture-images';
  const refused = `is no digest of packet-capture ${version}`;
  const ask = async (image: string): Promise<string> => {
    const args = ['run', 'asked', '-n', shop, `--image=${image}`, '--dry-run=server'];
    return (await kubectl(node, args)).stderr;
  };
  await createPod(shop, 'old', `${agent}:${version}`);
  try {
    const typed = await type(await documented('release -- admission'), folder, 4);
    expect(typed.exitCode, typed.stderr).toBe(0);
    await until('refusal', async () => (await ask(`${agent}@${other}`)).includes(refused));
    for (const image of [agent, `${agent}:${version}`, `${agent}:${version}@${other}`])
      expect(await ask(image)).toContain(`${image} ${refused}`);
    for (const image of [nginxImage, `${agent}@${imageOf(record, 'agent').digest}`]) expect(await ask(image)).toBe('');

    const installed = await type(await documented(byDigest), folder, 4);
    expect(installed.exitCode, installed.stderr).toBe(0);
    await expectCaptured(record, 'admitted');
    const debug = ['debug', 'admitted', '-n', shop, '--profile=general', `--image=${agent}:${version}`];
    expect((await kubectl(node, debug)).stderr).toContain(refused);
    await kube([...debug.slice(0, -1), `--image=${agent}@${imageOf(record, 'agent').digest}`]);
    // It was there before the policy: changes of the rest of it are admitted.
    await kube(['label', 'pod', 'old', '-n', shop, 'changed=yes']);
  } finally {
    await kube([
      'delete',
      'validatingadmissionpolicies,validatingadmissionpolicybindings',
      object,
      '--ignore-not-found',
    ]);
    await uninstall();
  }
});

test('no policy is printed for a release that is signed with another key', async () => {
  const where = ['--registry', place, '--plain-http', '--key', join(folder, 'theirs.pub')];
  expect(await release(['admission', ...where])).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringContaining('error RELEASE_UNVERIFIED: '),
  });
});
