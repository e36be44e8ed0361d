import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { createSpool } from '../../src/cli/io/spool.ts';

async function textOf(pieces: AsyncIterable<Buffer>): Promise<string> {
  const read: Buffer[] = [];
  for await (const piece of pieces) read.push(piece);
  return Buffer.concat(read).toString();
}

test('the spool returns all texts, from memory and from its unlinked file, in any order of writes', async () => {
  const spool = createSpool(1000);
  const texts = [spool.text(), spool.text(), spool.text()];
  const expected = ['', '', ''];
  for (let round = 0; round < 400; round += 1) {
    const index = (round * 7) % 3;
    const piece = `${round} `.repeat(round % 5 === 0 ? 200 : 1);
    await texts[index]?.add(piece);
    expected[index] += piece;
  }
  expect(expected.join('').length).toBeGreaterThan(50_000);
  const held = await readdir(tmpdir());
  expect(held.filter((name) => name.startsWith(`packet-capture-${process.pid}-`))).toEqual([]);
  for (const [index, text] of texts.entries()) {
    expect(await textOf(text.read())).toBe(expected[index]);
    expect(await textOf(text.read())).toBe(expected[index]);
  }
  await spool.close();
});

test('one text may be larger than the memory of the spool', async () => {
  const spool = createSpool(10);
  const text = spool.text();
  await text.add('short');
  await text.add('ü'.repeat(1_000_000));
  await text.add(Buffer.from('end'));
  expect(await textOf(text.read())).toBe(`short${'ü'.repeat(1_000_000)}end`);
  await spool.close();
});
