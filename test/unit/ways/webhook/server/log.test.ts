import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeLog } from '../../../../../src/ways/webhook/server/log.ts';

/** A reader that reads everything, or one that never finishes its first chunk. */
function makeReader(stuck = false): {
  readonly stream: Writable;
  readonly text: () => string;
  readonly writes: () => number;
} {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk);
      if (!stuck) done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString(), writes: () => chunks.length };
}

const numbersIn = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { number: number }).number);

test('the log writes every line, and many lines in one write', async () => {
  const { stream, text, writes } = makeReader();
  const { write, flush } = makeLog(stream, () => {});
  const count = 5000;
  for (let number = 0; number < count; number += 1) write({ event: 'review', number });
  await new Promise<void>((resolve) => flush(resolve));
  expect(numbersIn(text())).toEqual(Array.from({ length: count }, (_, number) => number));
  expect(writes()).toBeLessThan(count / 50);
});

test('the log writes a single line within 200 ms', async () => {
  const { stream, text } = makeReader();
  makeLog(stream, () => {}).write({ event: 'review', number: 1 });
  await sleep(200);
  expect(numbersIn(text())).toEqual([1]);
});

test('a line larger than the buffer keeps its place', async () => {
  const { stream, text } = makeReader();
  const { write, flush } = makeLog(stream, () => {});
  for (const number of [1, 2, 3]) write({ event: 'review', number, name: number === 2 ? 'x'.repeat(100_000) : '' });
  await new Promise<void>((resolve) => flush(resolve));
  expect(numbersIn(text())).toEqual([1, 2, 3]);
});

test('with a blocked reader, the log drops and counts lines over a MiB', () => {
  const { stream } = makeReader(true);
  let dropped = 0;
  const { write, flush } = makeLog(stream, () => (dropped += 1));
  for (let number = 0; number < 10_000; number += 1) write({ event: 'review', number, name: 'x'.repeat(200) });
  flush();
  expect(dropped).toBeGreaterThan(4000);
  expect(dropped).toBeLessThan(7000);
  expect(stream.writableLength).toBeLessThan(1.1 * 1024 * 1024);
});

test('a line contains only printable ASCII characters', async () => {
  const { stream, text } = makeReader();
  const { write, flush } = makeLog(stream, () => {});
  const name = 'a\u2028b\u009bc\nd\u{1f40b}';
  write({ event: 'review', name });
  await new Promise<void>((resolve) => flush(resolve));
  expect(text()).toMatch(/^[\x20-\x7e]+\n$/);
  expect(JSON.parse(text())).toMatchObject({ name });
});
