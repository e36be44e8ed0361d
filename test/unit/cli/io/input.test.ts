import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInputs } from '../../../../src/cli/io/input.ts';
import { createSpool } from '../../../../src/cli/io/spool.ts';
import { shortRun } from '../../../../src/ways/manifest/batches.ts';
import { deployments } from '../../../bench/manifest.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-input-'));
});
afterAll(async () => rm(folder, { recursive: true }));

test('a long file is split into short runs of documents, however much is read at once, because V8 treats long strings as long-lived', async () => {
  const text = deployments(500);
  const file = join(folder, 'long.yaml');
  await writeFile(file, text);
  const spool = createSpool();
  try {
    const runs = [];
    for (const input of await openInputs([file], false, spool)) for await (const run of input.texts()) runs.push(run);
    expect(runs.join('')).toBe(text);
    // What is left of a piece stands before the next one.
    expect(Math.max(...runs.map(({ length }) => length))).toBeLessThan(1.5 * shortRun);
  } finally {
    await spool.close();
  }
});
