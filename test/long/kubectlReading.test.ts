import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programPaths } from '../../scripts/cluster/goBuild.ts';
import { kubernetes } from '../../scripts/cluster/goModules.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureTools } from '../../scripts/cluster/tools.ts';
import { parseDocuments } from '../../src/ways/manifest/parseDocument.ts';
import { yamlText } from '../support/manifest/yamlText.ts';

let folder = '';
let kubectl = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-reading-'));
  await ensureTools(stderrProgress);
  ({ kubectl = '' } = await programPaths(kubernetes));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Named {
  readonly metadata: { readonly name: string; labels?: unknown };
}

/** What kubectl reads of the texts, by the number of each; it says nothing of those that it refuses. */
async function readByKubectl(texts: readonly string[], batch: number): Promise<Map<number, unknown>> {
  const files = join(folder, String(batch));
  await mkdir(files);
  await Promise.all(texts.map(async (text, index) => writeFile(join(files, `${index}.yaml`), text)));
  const { stdout } = await execa(kubectl, ['label', '--local', '-f', files, 'x=y', '-o', 'json'], {
    reject: false,
    maxBuffer: 1 << 28,
  });
  const read = new Map<number, unknown>();
  for (const object of stdout.split(/(?<=^\})\n(?=\{)/m).filter((text) => text !== '')) {
    const value = JSON.parse(object) as Named;
    delete value.metadata.labels;
    read.set(Number(value.metadata.name.slice(1)), value);
  }
  return read;
}

/** The first document, or the words of the error. */
function readHere(text: string): unknown {
  try {
    for (const { root, values } of parseDocuments(text, 'f')) return values.of(root);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

test('the manifests that kubectl reads are read to the same values', async () => {
  const [batches, size] = [40, 500];
  const counts = { kubectl: 0, here: 0 };
  for (let batch = 0; batch < batches; batch += 1) {
    const texts = fc
      .sample(yamlText, size)
      .map((text, index) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${index}}\n${text}`);
    const read = await readByKubectl(texts, batch);
    counts.kubectl += read.size;
    for (const [index, text] of texts.entries()) {
      const here = readHere(text);
      if (typeof here !== 'string') counts.here += 1;
      // The text stands beside the values, to be shown when they differ. Of what kubectl refuses nothing is asked.
      expect({ text, read: here }).toEqual({ text, read: read.has(index) ? read.get(index) : here });
    }
  }
  console.log(`of ${batches * size} texts kubectl reads ${counts.kubectl}, and we ${counts.here}`);
  expect(counts.kubectl).toBeGreaterThan(batches * size * 0.1);
});
