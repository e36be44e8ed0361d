import { blockTypes } from './blockTypes.ts';
import { createByteWriter, type ByteWriter } from './byteWriter.ts';
import { writeNames, writePacket, writeSecrets, writeSection, writeStatistics, writeUnknown } from './encode.ts';
import { createHeap } from './heap.ts';
import { createInterfaceTable, type InterfaceTable, type Labeller } from './interfaceTable.ts';
import { textOption } from './options.ts';
import { createCaptureReader } from './reader.ts';
import { fileLimits, podLimits } from './readLimits.ts';
import type { CapturePacket, CaptureRecord } from './records.ts';
import { toNanoseconds } from './resolution.ts';
import { writeAddressNames, type Naming } from './writeNames.ts';

/** One finished capture file, pcapng or classic pcap. */
export interface CaptureSource {
  /** Its path, for errors. */
  readonly name: string;
  readonly data: AsyncIterable<Uint8Array>;
  /**
   * The label of its interfaces in the output; equal interfaces are then shared with other sources. A labelled source
   * comes from a pod, so the limits for pods hold for it.
   */
  readonly label?: Labeller;
}

/** What the output has besides the packets, and who is told of blocks that it does not have. */
export interface MergeOptions {
  /** The name of the program, for the section header. */
  readonly application?: string;
  /** Called for a source that ends within a block; everything before that block is in the output. */
  readonly onTruncated?: (source: CaptureSource, bytesLeft: number) => void;
  /**
   * Whether the sources have several origins that must not affect each other. Names of addresses, secrets for
   * decryption and unknown blocks apply to a whole file, so they are left out then.
   */
  readonly several?: boolean;
  /** Adds names of addresses; default none. Those of the sources stay, unless there are `several` origins. */
  readonly naming?: Naming | undefined;
  /** Called for each block that is not copied: those above, custom ones that forbid it, unknown big-endian ones. */
  readonly onLeftOut?: (source: CaptureSource, blockType: number) => void;
}

/** The output is yielded in pieces of about this many bytes. */
const pieceLength = 64 * 1024;
/** The options opt_comment and shb_userappl. */
const [commentOption, applicationOption] = [1, 4];

/** Writes a section header that names the program, with a comment for people. */
export function writeHeader(out: ByteWriter, application: string | undefined, comment?: string): void {
  writeSection(out, [
    ...(comment === undefined ? [] : [textOption(commentOption, comment)]),
    ...(application === undefined ? [] : [textOption(applicationOption, application)]),
  ]);
}

/**
 * Merges capture files into one pcapng, in order of time. Interfaces keep their link type, snaplen and resolution; the
 * packets of one file keep their order. Only one chunk and one block of each source are held at a time. A single source
 * is copied, with its interfaces labelled.
 * @throws CAPTURE_INVALID, with the name of the source and the byte, for a source that is not a capture file
 */
export async function* mergeFiles(
  sources: readonly CaptureSource[],
  options: MergeOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const { naming } = options;
  const out = createByteWriter(pieceLength * 2);
  const table = createInterfaceTable(out);
  const cursors = sources.map((source, index) => createCursor(source, index, out, table, options));
  const heads = createHeap<Head>((a, b) => a.time < b.time || (a.time === b.time && a.cursor.index < b.cursor.index));
  try {
    writeHeader(out, options.application);
    for (const cursor of cursors) {
      const packet = await cursor.next();
      if (packet !== undefined) heads.push(headOf(cursor, packet));
      if (out.length >= pieceLength) yield out.take();
    }
    for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
      const { cursor, packet, time } = head;
      const id = table.idOf(packet.interface, cursor.source.label);
      if (naming !== undefined) writeAddressNames(out, naming.before(packet, time));
      writePacket(out, packet, id);
      const next = cursor.nextAtHand() ?? (await cursor.next());
      if (next !== undefined) heads.push(headOf(cursor, next));
      if (out.length >= pieceLength) yield out.take();
    }
    if (naming !== undefined) writeAddressNames(out, naming.atEnd());
    yield out.take();
  } finally {
    for (const cursor of cursors) await cursor.close();
  }
}

interface Head {
  readonly time: bigint;
  readonly packet: CapturePacket;
  readonly cursor: Cursor;
}

function headOf(cursor: Cursor, packet: CapturePacket): Head {
  return { time: toNanoseconds(packet.ticks, packet.interface.resolution), packet, cursor };
}

interface Cursor {
  readonly index: number;
  readonly source: CaptureSource;
  /** The next packet if its bytes are already read; the records before it are written to the output. */
  nextAtHand(): CapturePacket | undefined;
  /** Reads up to the next packet; undefined at the end of the source. */
  next(): Promise<CapturePacket | undefined>;
  close(): Promise<void>;
}

function createCursor(
  source: CaptureSource,
  index: number,
  out: ByteWriter,
  table: InterfaceTable,
  options: MergeOptions,
): Cursor {
  const chunks = source.data[Symbol.asyncIterator]();
  const reader = createCaptureReader(source.name, source.label === undefined ? fileLimits : podLimits);
  let records: Iterator<CaptureRecord, void> | undefined;
  const nextAtHand = (): CapturePacket | undefined => {
    for (let item = records?.next(); item?.done === false; item = records?.next()) {
      if (item.value.type === 'packet') return item.value;
      const left = writeOther(out, item.value, {
        several: options.several === true,
        idOf: (captured) => table.idOf(captured, source.label),
      });
      if (left !== undefined) options.onLeftOut?.(source, left);
    }
    return undefined;
  };
  return {
    index,
    source,
    nextAtHand,
    async next() {
      for (;;) {
        const packet = nextAtHand();
        if (packet !== undefined) return packet;
        const chunk = await chunks.next();
        if (chunk.done === true) break;
        records = reader.push(chunk.value);
      }
      const truncation = reader.end();
      if (truncation !== undefined) options.onTruncated?.(source, truncation.bytesLeft);
      return undefined;
    },
    close: async () => {
      await chunks.return?.();
    },
  };
}

/** What decides which blocks other than packets are copied. */
export interface OtherOptions extends Pick<InterfaceTable, 'idOf'> {
  /** See {@link MergeOptions}. */
  readonly several: boolean;
}

/**
 * Writes a record other than a packet.
 * @returns the type of the block if it was not copied
 */
export function writeOther(
  out: ByteWriter,
  record: Exclude<CaptureRecord, CapturePacket>,
  { several, idOf }: OtherOptions,
): number | undefined {
  switch (record.type) {
    case 'section':
      break;
    case 'interface':
      idOf(record);
      break;
    case 'statistics':
      writeStatistics(out, record, idOf(record.interface));
      break;
    case 'names':
      if (several) return blockTypes.names;
      writeNames(out, record);
      break;
    case 'secrets':
      if (several) return blockTypes.secrets;
      writeSecrets(out, record);
      break;
    case 'unknown':
      if (several || !writeUnknown(out, record)) return record.blockType;
      break;
  }
  return undefined;
}
