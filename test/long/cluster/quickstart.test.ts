import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { loadImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureInjectorImage } from '../../../scripts/images/images.ts';
import { kube, loadImages, nginxImage, tshark } from '../../support/cluster/clusterFixture.ts';
import { makeReadersShell, type ReadersShell } from '../../support/long/readersShell.ts';
import { closeShop, openShop, shop } from '../../support/long/shop.ts';
import { commandBlocks } from '../../support/site/commandBlocks.ts';

const root = join(import.meta.dirname, '../../..');
const node = inject('node');
let shell: ReadersShell;

beforeAll(async () => {
  await loadImages();
  await loadImage(node, await ensureInjectorImage(stderrProgress), stderrProgress);
  shell = await makeReadersShell(node);
  // The images are built first, if they are not there.
}, 1_800_000);

beforeEach(async () => openShop());

afterAll(async () => {
  await closeShop();
  await shell.remove();
});

test.each(['manifest', 'patch', 'webhook', 'policy', 'attach'])(
  'all that the quickstart for %s tells to type works, and leaves the workload as it was',
  async (page) => {
    const folder = await shell.makeFolder();
    const before = await template();
    const blocks = commandBlocks(await readFile(join(root, `docs/start/${page}.md`), 'utf8'));
    expect(blocks.length).toBeGreaterThan(2);
    for (const { line, text } of blocks) {
      const typed = text.replaceAll('--image=nginx', `--image=${nginxImage} --replicas=2`);
      const { exitCode, output } = await shell.type(typed, folder);
      await note(page, text, output);
      expect(exitCode, `docs/start/${page}.md:${line}\n${text}${output}`).toBe(0);
    }
    expect(await tshark(join(folder, 'web.pcapng'), ['frame.number'], 'tcp.port == 80')).not.toEqual([]);
    expect(await template()).toBe(before);
  },
);

/** With PACKET_CAPTURE_TRANSCRIPTS=DIR all that was printed is written there, to be quoted in the pages. */
async function note(page: string, text: string, output: string): Promise<void> {
  const to = process.env['PACKET_CAPTURE_TRANSCRIPTS'];
  if (to !== undefined) await writeFile(join(to, `${page}.txt`), `>>> ${text}${output}\n`, { flag: 'a' });
}

async function template(): Promise<string> {
  return kube(['get', 'deployment', 'web', '-n', shop, '-o', 'jsonpath={.spec.template.spec}']);
}
