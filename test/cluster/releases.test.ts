import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { programPaths } from '../../scripts/cluster/goBuild.ts';
import { containerd } from '../../scripts/cluster/goModules.ts';
import { injectorImage, localRegistry } from '../../scripts/images/names.ts';
import { kube, livingPods, loadImages, nginxImage } from '../support/cluster/clusterFixture.ts';
import {
  chart,
  helm,
  labelFlags,
  leftovers,
  loadReleaseImages,
  quickEnd,
  runningContainers,
  siteState,
  siteYaml,
  targetFlags,
} from '../support/cluster/helmFixture.ts';

const node = inject('node');
const ours = { release: 'packet-capture', namespace: 'two-ours', site: 'two-ours-site' } as const;
const article = { release: 'article', namespace: 'two-article', site: 'two-article-site' } as const;
const otherImage = `${localRegistry}/example/injector:other`;

/** The article's own words, with an image that can be had. */
const articleValues = `
injection:
  namespaceLabel: sidecar-injector
  annotation: sidecar-injector-webhook.morven.me/inject
image:
  repository: example/injector
  tag: other
sidecar:
  containers:
    - name: sidecar-monitor
      image: ${nginxImage}
      stdin: true
      tty: true
`;
const articlePatch =
  '{"spec":{"template":{"metadata":{"annotations":{"sidecar-injector-webhook.morven.me/inject": "true"}}}}}';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
  await loadReleaseImages();
  await loadImages();
  const { ctr } = await programPaths(containerd);
  await run([
    ctr,
    `--address=${node.containerdSocket}`,
    '--namespace=k8s.io',
    'images',
    'tag',
    '--force',
    injectorImage,
    otherImage,
  ]);
  await kube(['apply', '-f', '-'], [ours.site, article.site].map(siteYaml).join(''));
  await helm(4, [
    'install',
    ours.release,
    chart,
    '-n',
    ours.namespace,
    '--create-namespace',
    '--wait',
    '--timeout',
    '3m',
    ...quickEnd,
    ...labelFlags('two'),
    ...targetFlags([ours.site]),
  ]);
  await writeFile(join(folder, 'values.yaml'), articleValues);
  await helm(4, [
    'install',
    article.release,
    chart,
    '-n',
    article.namespace,
    '--create-namespace',
    '--wait',
    '--timeout',
    '3m',
    ...quickEnd,
    '-f',
    join(folder, 'values.yaml'),
  ]);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await kube([
    'delete',
    'namespace',
    ...[ours, article].flatMap(({ namespace, site }) => [namespace, site]),
    '--ignore-not-found',
    '--wait=false',
  ]);
});

test("the article's label and patch give the article's pod", async () => {
  const before = await siteState(ours.site);
  await kube(['label', 'namespace', article.site, 'sidecar-injector=enabled']);
  await kube(['patch', 'deployment', 'web', '-n', article.site, '-p', articlePatch]);
  expect(await runningContainers(article.site)).toEqual(['app', 'sidecar-monitor']);
  const [name = ''] = await livingPods(article.site, 'app=web');
  const pod = JSON.parse(await kube(['get', 'pod', name, '-n', article.site, '-o', 'json'])) as {
    readonly spec: { readonly containers: readonly Readonly<Record<string, unknown>>[] };
  };
  expect(pod.spec.containers[1]).toMatchObject({ name: 'sidecar-monitor', image: nginxImage, stdin: true, tty: true });
  expect(await siteState(ours.site)).toEqual(before);
  expect(await runningContainers(ours.site)).toEqual(['packet-capture', 'app']);
});

test('the image that the values name runs', async () => {
  const images = await kube([
    'get',
    'pods',
    '-n',
    article.namespace,
    '-o',
    'jsonpath={.items[*].spec.containers[*].image}',
  ]);
  expect(new Set(images.split(' '))).toEqual(new Set([otherImage]));
});

test('one of two releases is removed, and the other does not change', async () => {
  const before = await uids(ours);
  await helm(4, ['uninstall', article.release, '-n', article.namespace, '--wait']);
  expect(await leftovers(article.release, article.namespace, [article.site])).toEqual([]);
  expect(await uids(ours)).toBe(before);
  await kube(['rollout', 'restart', 'deploy/web', '-n', ours.site]);
  expect(await runningContainers(ours.site)).toEqual(['packet-capture', 'app']);
  await helm(4, ['uninstall', ours.release, '-n', ours.namespace, '--wait']);
});

/**
 * Of the objects that a release needs to inject. Its label is not enough: other tests have releases of the same name.
 */
async function uids({ release, namespace }: { readonly release: string; readonly namespace: string }): Promise<string> {
  const own = await kube([
    'get',
    'deploy,svc,secrets',
    '-n',
    namespace,
    '-l',
    `app.kubernetes.io/instance=${release}`,
    '-o',
    'jsonpath={.items[*].metadata.uid}',
  ]);
  expect(own.split(' ').length).toBeGreaterThanOrEqual(3);
  const webhooks = await kube([
    'get',
    'mutatingwebhookconfigurations',
    `${release}.${namespace}`,
    '-o',
    'jsonpath={.metadata.uid}',
  ]);
  return `${own} ${webhooks}`;
}
