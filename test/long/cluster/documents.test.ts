import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { stringify } from 'yaml';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureInjectorImage } from '../../../scripts/images/images.ts';
import { localRegistry } from '../../../scripts/images/names.ts';
import { kube, loadImages, nginxImage } from '../../support/cluster/clusterFixture.ts';
import { makeReadersShell, type ReadersShell } from '../../support/long/readersShell.ts';
import { clientCommand, closeShop, openShop, shop, shopApp } from '../../support/long/shop.ts';
import { commandBlocks } from '../../support/site/commandBlocks.ts';
import { typedBlocks } from '../../support/site/typedBlocks.ts';

const root = join(import.meta.dirname, '../../..');
const node = inject('node');
/** A pod that no workload has made. It asks the app, so that it has packets. */
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: shop },
  spec: {
    containers: [{ name: 'nginx', image: nginxImage, command: clientCommand }],
    terminationGracePeriodSeconds: 0,
  },
};
const capture = 'packet-capture patch deployment/web --wait';

let shell: ReadersShell;

beforeAll(async () => {
  await loadImages();
  await loadImage(node, await ensureInjectorImage(stderrProgress), stderrProgress);
  shell = await makeReadersShell(node, shop);
}, 1_800_000);

beforeEach(async () => openShop(pod, shopApp('nginx-deployment', 1)));

afterAll(async () => {
  await closeShop();
  await shell.remove();
});

test.each(typedBlocks)(
  'all that $file tells to type works: the block with $marker',
  async ({ file, marker, ...block }) => {
    const folder = await shell.makeFolder();
    await writeFiles(folder);
    const blocks = commandBlocks(await readFile(join(root, file), 'utf8')).map(({ text }) => text);
    const found = blocks.filter((text) => text.includes(marker));
    expect(found).toHaveLength(1);
    const [text = ''] = found;
    for (const part of [block.before, withOwn(text, block.own), block.after]) {
      if (part === undefined) continue;
      const { exitCode, output } = await shell.type(part, folder);
      expect(exitCode, `${part}\n${output}`).toBe(0);
    }
  },
);

/** The files that the commands read. */
async function writeFiles(folder: string): Promise<void> {
  const app = stringify(shopApp('web', 2));
  await mkdir(join(folder, 'manifests'));
  await writeFile(join(folder, 'app.yaml'), app);
  await writeFile(join(folder, 'manifests', 'web.yaml'), app);
  await writeFile(join(folder, 'values.yaml'), `global:\n  imageRegistry: ${localRegistry}\n`);
}

/** What never ends by itself is ended after a while, as its reader does with Ctrl-C. */
function withOwn(text: string, own: Readonly<Record<string, string>> = {}): string {
  let typed = text.replaceAll(/^(.*--watch)\b.*$/gm, 'timeout -s INT 15 $1 || [ $? = 124 ]');
  for (const [word, mine] of Object.entries(own)) typed = typed.replaceAll(word, mine);
  return typed;
}

test('the commands that need no program of ours set a filter, show the log, and copy the files', async () => {
  const folder = await shell.makeFolder();
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, sentence = ''] = /^It also works without this program: ([^]*?)\n\n/m.exec(readme) ?? [];
  const commands = [...sentence.matchAll(/`([^`]+)`/g)].map(([, command = '']) => command.replaceAll('\n', ' '));
  expect(commands).toHaveLength(3);
  const { output, exitCode } = await shell.type(capture, folder);
  expect(exitCode, output).toBe(0);
  const ofWorkload = ['-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}'];
  const name = await kube(['get', 'pods', '-n', shop, ...ofWorkload]);
  for (const command of commands) {
    const done = await shell.type(command.replaceAll('web-1', name), folder);
    expect(done.exitCode, `${command}\n${done.output}`).toBe(0);
  }
});
