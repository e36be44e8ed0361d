import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { costOf, deployments } from '../bench/manifest.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-long-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Of the cheapest of three runs: others share the machine. */
async function cost(count: number, ...args: readonly string[]): Promise<{ seconds: number; megabytes: number }> {
  const file = join(folder, `${count}.yaml`);
  await writeFile(file, deployments(count));
  const runs = [];
  for (let run = 0; run < 3; run += 1)
    runs.push(await costOf(['bin/packet-capture.js', 'inject', '-f', file, ...args]));
  return {
    seconds: Math.min(...runs.map(({ seconds }) => seconds)),
    megabytes: Math.min(...runs.map(({ megabytes }) => megabytes)),
  };
}

test('time grows linearly up to 10,000 documents, and memory does not', async () => {
  const [few, some, many] = [await cost(1), await cost(1_000), await cost(10_000)];
  console.log(
    `1, 1,000 and 10,000 Deployments: ${[few, some, many].map(({ seconds, megabytes }) => `${seconds.toFixed(2)} s of processor, ${megabytes.toFixed(0)} MB`).join('; ')}`,
  );
  expect(many.seconds - few.seconds).toBeLessThan(10 * 1.3 * (some.seconds - few.seconds));
  // What is collected late: 40 to 60 MB were measured. The text alone, before and after, is of 45 MB.
  expect(many.megabytes - some.megabytes).toBeLessThan(100);
});

test('the live heap does not grow: a small heap is enough for a long stream', async () => {
  const file = join(folder, 'stream.yaml');
  await writeFile(file, deployments(10_000));
  const { megabytes } = await costOf([
    '--max-old-space-size=32',
    'bin/packet-capture.js',
    'inject',
    '-f',
    file,
    '--dry-run',
  ]);
  expect(megabytes).toBeLessThan(200);
});
