import { readElf, segmentType, writeNumber } from './elf.ts';

/**
 * A program for Linux without its tables of sections and symbols, which only debuggers read: a fifth of Node. As strip
 * does, but the same on each machine.
 */
export function withoutSymbols(program: Buffer): Buffer {
  const { segments } = readElf(program);
  const loaded = segments.filter(({ type }) => type === segmentType.load);
  const kept = program.subarray(0, Math.max(...loaded.map(({ offset, fileSize }) => offset + fileSize)));
  // The place, the count and the names of the sections.
  writeNumber(kept, 40, 0);
  kept.writeUInt16LE(0, 60);
  kept.writeUInt16LE(0, 62);
  return kept;
}
