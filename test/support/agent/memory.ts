import { open, readFile } from 'node:fs/promises';

const piece = 1024 ** 2;

/**
 * Whether a process holds the text anywhere in its memory, what it shares with the kernel included. What cannot be read
 * holds nothing.
 */
export async function holds(pid: number, text: string): Promise<boolean> {
  const maps = await readFile(`/proc/${pid}/maps`, 'latin1');
  const memory = await open(`/proc/${pid}/mem`, 'r');
  // The pieces overlap: the text may lie across their ends.
  const bytes = Buffer.alloc(piece + text.length);
  try {
    for (const [from, to] of maps.split('\n').flatMap(readable)) {
      for (let at = from; at < to; at += piece) {
        const { bytesRead } = await memory
          .read(bytes, 0, Math.min(bytes.length, to - at), at)
          .catch(() => ({ bytesRead: 0 }));
        if (bytes.subarray(0, bytesRead).includes(text)) return true;
      }
    }
    return false;
  } finally {
    await memory.close();
  }
}

/** The beginning and the end of a mapping that can be read. */
function readable(line: string): (readonly [from: number, to: number])[] {
  const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? [];
  return from === undefined || to === undefined ? [] : [[Number.parseInt(from, 16), Number.parseInt(to, 16)]];
}
