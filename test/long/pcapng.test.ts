import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { capturePackages, ensurePackages } from '../../scripts/cluster/requirements.ts';
import { isCodedError } from '../../src/errors.ts';
import { interfaceBlock, packetBlock, sectionBlock, udpFrame } from '../support/pcapng/captureBytes.ts';
import { cut, madeFile, merged, sourceOf } from '../support/pcapng/captureFiles.ts';

let folder = '';

beforeAll(async () => {
  await ensurePackages(capturePackages, stderrProgress);
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-pcapng-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** The bytes of a merge, or the code of its error; any other error is thrown. */
async function tryMerge(files: readonly Uint8Array[], places: readonly number[]): Promise<Uint8Array | string> {
  try {
    return await merged(files.map((bytes) => sourceOf(cut(bytes, places))));
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return error.code;
  }
}

test('each of 20,000 damaged files, merged with a whole one, gives CAPTURE_INVALID or a capture that can be merged again', async () => {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('set', 'cut', 'insert', 'swap'));
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      madeFile(),
      madeFile(),
      fc.array(change, { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 9 }),
      async (one, other, changes, places) => {
        let bytes = Buffer.concat(one.blocks.map((block) => block.bytes));
        for (const [place, value, kind] of changes) {
          const at = place % Math.max(1, bytes.length);
          if (kind === 'set') bytes[at] = value;
          if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + value)]);
          if (kind === 'insert')
            bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(value % 16, value), bytes.subarray(at)]);
          if (kind === 'swap') bytes = Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)]);
        }
        const whole = Buffer.concat(other.blocks.map((block) => block.bytes));
        const result = await tryMerge([bytes, whole], places);
        const isRefused = result === 'CAPTURE_INVALID';
        if (isRefused) refused += 1;
        expect(isRefused || (await tryMerge([result as Uint8Array], places))).toEqual(isRefused || result);
      },
    ),
    { numRuns: 20_000 },
  );
  expect(refused).toBeGreaterThan(1000);
  expect(refused).toBeLessThan(19_000);
});

test('tshark reads 100 truncated captures after a merge without a message, with as many packets as it finds itself', async () => {
  const file = Buffer.concat([
    sectionBlock(true),
    interfaceBlock(true, 1, 0, [{ code: 2, value: 'eth0' }]),
    ...Array.from({ length: 40 }, (_, index) =>
      packetBlock(true, 0, 1_700_000_000_000_000n + BigInt(index), udpFrame('x'.repeat(index * 7))),
    ),
  ]);
  const ends = fc.sample(fc.nat({ max: file.length }), { numRuns: 100, seed: 1 });
  for (const end of ends) {
    const [input, output] = [join(folder, 'cut.pcapng'), join(folder, 'merged.pcapng')];
    await writeFile(input, file.subarray(0, end));
    await writeFile(output, await merged([sourceOf(file.subarray(0, end))]));
    const ours = await execa(
      'tshark',
      ['-n', '-r', output, '-T', 'fields', '-e', 'frame.time_epoch', '-e', 'udp.payload'],
      { stripFinalNewline: true },
    );
    expect(ours.stderr.replace(/^Running as user "root".*$/m, '').trim()).toBe('');
    const theirs = await execa(
      'tshark',
      ['-n', '-r', input, '-T', 'fields', '-e', 'frame.time_epoch', '-e', 'udp.payload'],
      { reject: false },
    );
    // It gives a row without a time for a file that ends within its header.
    expect(ours.stdout).toBe(theirs.stdout.replace(/^\t$/m, ''));
  }
});
