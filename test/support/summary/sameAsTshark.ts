import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { summaryOf } from './read.ts';
import { ourFacts, tsharkFacts, type Facts } from './tshark.ts';

let files = 0;

/**
 * Expects the same of both.
 * @param folder for the capture
 * @param but facts that are not compared
 * @returns what this program says
 */
export async function expectSame(folder: string, bytes: Uint8Array, ...but: (keyof Facts)[]): Promise<Facts> {
  files += 1;
  const path = join(folder, `${files}.pcapng`);
  await writeFile(path, bytes);
  const [ours, theirs] = [ourFacts(summaryOf([[bytes]])), await tsharkFacts(path)];
  const without = { handshakes: undefined, ...Object.fromEntries(but.map((name) => [name, undefined])) };
  expect({ ...ours, ...without }).toEqual({ ...theirs, ...without });
  if (but.includes('handshakes')) return ours;
  expect([...ours.handshakes.keys()].toSorted()).toEqual([...theirs.handshakes.keys()].toSorted());
  // tshark shows it at segments behind the first ACK alone, and also for an ACK with RST, which refuses.
  const both = [...theirs.handshakes].filter(([key, handshake]) => handshake !== '' && ours.handshakes.get(key) !== '');
  expect(both.map(([key]) => [key, ours.handshakes.get(key)])).toEqual(both);
  return ours;
}
