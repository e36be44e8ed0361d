/** The parts of an ELF file of 64 bits, little endian, that are changed here. Offsets are of the file, in bytes. */
export interface Elf {
  readonly machine: number;
  readonly segments: readonly Segment[];
  /** The entries of the dynamic section, in their order. */
  readonly dynamic: readonly DynamicEntry[];
}

export interface Segment {
  /** Of its program header. */
  readonly at: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
}

export interface DynamicEntry {
  readonly at: number;
  readonly tag: number;
  readonly value: number;
}

export const segmentType = { load: 1, dynamic: 2 } as const;
export const executableFlag = 1;

/** Of elf.h; the last two are of the GNU extensions for symbols with versions. */
export const tag = {
  needed: 1,
  relocationsSize: 2,
  strings: 5,
  symbols: 6,
  relocations: 23,
  symbolVersions: 0x6f_ff_ff_f0,
  neededVersions: 0x6f_ff_ff_fe,
  neededVersionsCount: 0x6f_ff_ff_ff,
} as const;

/** @throws Error for a file of another kind. */
export function readElf(bytes: Buffer): Elf {
  if (bytes.toString('latin1', 0, 6) !== '\u007fELF\u0002\u0001') throw new Error('no ELF file of 64 bits');
  const headers = readNumber(bytes, 32);
  const segments = Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => {
    const at = headers + index * 56;
    return {
      at,
      type: bytes.readUInt32LE(at),
      flags: bytes.readUInt32LE(at + 4),
      offset: readNumber(bytes, at + 8),
      address: readNumber(bytes, at + 16),
      fileSize: readNumber(bytes, at + 32),
    };
  });
  const { offset, fileSize } = only(segments.filter(({ type }) => type === segmentType.dynamic));
  const entries = Array.from({ length: fileSize / 16 }, (_, index) => {
    const at = offset + index * 16;
    return { at, tag: readNumber(bytes, at), value: readNumber(bytes, at + 8) };
  });
  const end = entries.findIndex((entry) => entry.tag === 0);
  return { machine: bytes.readUInt16LE(18), segments, dynamic: entries.slice(0, end) };
}

/** The only entry of a kind. */
export function entryOf({ dynamic }: Elf, kind: number): DynamicEntry {
  return only(dynamic.filter((entry) => entry.tag === kind));
}

/** Where the byte of an address stands in the file. */
export function offsetOf({ segments }: Elf, address: number): number {
  const { offset, address: start } = only(
    segments.filter(
      (segment) =>
        segment.type === segmentType.load && address >= segment.address && address < segment.address + segment.fileSize,
    ),
  );
  return address - start + offset;
}

/** A name of the table of strings. */
export function stringAt(bytes: Buffer, elf: Elf, index: number): string {
  const start = offsetOf(elf, entryOf(elf, tag.strings).value) + index;
  return bytes.toString('latin1', start, bytes.indexOf(0, start));
}

export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new Error(`${items.length} where one was expected`);
  return item;
}

function readNumber(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

export function writeNumber(bytes: Buffer, at: number, value: number): void {
  bytes.writeBigUInt64LE(BigInt(value), at);
}
