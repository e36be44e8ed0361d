import { compareExchange } from './compareExchange.ts';
import {
  entryOf,
  executableFlag,
  offsetOf,
  only,
  readElf,
  segmentType,
  stringAt,
  tag,
  writeNumber,
  type Elf,
} from './elf.ts';

const library = 'libatomic.so.1';
const symbol = '__atomic_compare_exchange';

/** The relocation that writes an address which is known when the program is made, by the number of the machine. */
const relativeRelocation: Readonly<Record<number, number>> = { 62: 8, 183: 1027 };

/**
 * Node for Linux without libatomic, which a bare Debian lacks: Node takes one function from it, which is appended to
 * Node's code here. Its only callers are V8's, with 8 bytes.
 * @param node the program, which is changed
 * @throws Error when Node takes more from it, or is laid out in another way: then this is to be looked at again.
 */
export function removeLibatomic(node: Buffer): void {
  const elf = readElf(node);
  const needed = elf.dynamic.filter((entry) => entry.tag === tag.needed);
  const named = (name: string): (typeof needed)[number] =>
    only(needed.filter(({ value }) => stringAt(node, elf, value) === name));
  const versions = removeVersions(node, elf);
  const address = appendCode(node, elf);
  const symbols = offsetOf(elf, entryOf(elf, tag.symbols).value);
  const symbolVersions = offsetOf(elf, entryOf(elf, tag.symbolVersions).value);
  const start = offsetOf(elf, entryOf(elf, tag.relocations).value);
  let found = 0;
  for (let at = start; at < start + entryOf(elf, tag.relocationsSize).value; at += 24) {
    const index = node.readUInt32LE(at + 12);
    if (!versions.has(node.readUInt16LE(symbolVersions + 2 * index))) continue;
    const entry = symbols + 24 * index;
    const name = stringAt(node, elf, node.readUInt32LE(entry));
    if (name !== symbol) throw new Error(`Node needs ${name} of ${library}, too`);
    found += 1;
    node.writeUInt32LE(relativeRelocation[elf.machine] ?? 0, at + 8);
    node.writeUInt32LE(0, at + 12);
    writeNumber(node, at + 16, address);
    // Nothing refers to it any more; weak and without a version, no loader looks for it.
    node.writeUInt8(0x22, entry + 4);
    node.writeUInt16LE(1, symbolVersions + 2 * index);
  }
  if (found !== 1) throw new Error(`Node has ${found} relocations for ${symbol}`);
  // An entry cannot be taken out; a second one for the same library changes nothing.
  writeNumber(node, named(library).at + 8, named('libc.so.6').value);
}

/** Takes the library out of the list of needed versions. @returns the indexes that the list gave to its versions */
function removeVersions(node: Buffer, elf: Elf): ReadonlySet<number> {
  const first = entryOf(elf, tag.neededVersions);
  const count = entryOf(elf, tag.neededVersionsCount);
  let before: number | undefined;
  for (let at = offsetOf(elf, first.value), left = count.value; left > 0; left -= 1) {
    const next = node.readUInt32LE(at + 12);
    if (stringAt(node, elf, node.readUInt32LE(at + 4)) === library) {
      if (before === undefined) writeNumber(node, first.at + 8, first.value + next);
      else node.writeUInt32LE(next === 0 ? 0 : node.readUInt32LE(before + 12) + next, before + 12);
      writeNumber(node, count.at + 8, count.value - 1);
      return versionIndexes(node, at);
    }
    before = at;
    at += next;
  }
  throw new Error(`Node needs no version of ${library}`);
}

function versionIndexes(node: Buffer, file: number): ReadonlySet<number> {
  const indexes = new Set<number>();
  let at = file + node.readUInt32LE(file + 8);
  for (let left = node.readUInt16LE(file + 2); left > 0; left -= 1) {
    indexes.add(node.readUInt16LE(at + 6));
    at += node.readUInt32LE(at + 12);
  }
  return indexes;
}

/** Puts the function after the last byte of code, into what would fill the page. @returns its address */
function appendCode(node: Buffer, { machine, segments }: Elf): number {
  const code = compareExchange.get(machine);
  if (code === undefined) throw new Error(`no code for the machine ${machine} of ELF`);
  const text = only(segments.filter(({ type, flags }) => type === segmentType.load && (flags & executableFlag) !== 0));
  const start = Math.ceil(text.fileSize / 16) * 16;
  const end = start + code.length;
  const gap = node.subarray(text.offset + text.fileSize, text.offset + end);
  const isTaken = segments.some(
    ({ type, offset }) => type === segmentType.load && offset > text.offset && offset < text.offset + end,
  );
  if (isTaken || gap.some((byte) => byte !== 0)) throw new Error("no room after Node's code");
  code.copy(node, text.offset + start);
  writeNumber(node, text.at + 32, end);
  writeNumber(node, text.at + 40, end);
  return text.address + start;
}
