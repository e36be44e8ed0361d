import { blockTypes } from './blockTypes.ts';
import { createByteWriter } from './byteWriter.ts';
import { createCaptureReader } from './reader.ts';
import type { CaptureRecord } from './records.ts';
import { toNanoseconds } from './resolution.ts';

/** A span of time in nanoseconds since 1970: `from` belongs to it, `to` does not. So windows can follow one another. */
export interface TimeWindow {
  readonly from: bigint;
  readonly to: bigint;
}

/** What a capture has of a window. */
export interface CutCounts {
  /** Packets in the window. */
  inside: number;
  /** Packets before and after it. A simple packet block has no time and counts as of 1970. */
  before: number;
  after: number;
  /** Bytes at the end that are no whole block, or packet; they are left out. */
  bytesLeft: number;
}

/** Cuts a capture to a window, piece by piece. */
export interface CaptureCutter {
  /**
   * What is kept of these bytes.
   * @throws CAPTURE_INVALID
   */
  push(chunk: Uint8Array): Uint8Array;
  /** Call it at the end of the input. */
  end(): CutCounts;
}

/** Bytes: a file is read in pieces of 64 KiB. */
const roomAtFirst = 128 * 1024;

const section = { lengthAt: 16, lengthBytes: 8 } as const;

/**
 * Cuts a capture to a window while it is read: packets outside of the window are left out, and every other byte stays
 * as it was: sections with their comments, interfaces with their resolution of time, names, statistics (which count for
 * the whole file), secrets, blocks that are not understood here. Only blocks that must not be copied are left out, and
 * a section no longer states its length. It holds one piece and one block.
 * @param source for errors
 */
export function createCaptureCutter(source: string, window: TimeWindow): CaptureCutter {
  const reader = createCaptureReader(source);
  const out = createByteWriter(roomAtFirst);
  const counts: CutCounts = { inside: 0, before: 0, after: 0, bytesLeft: 0 };
  return {
    push(chunk) {
      for (const record of reader.push(chunk)) {
        if (!isKept(record, window, counts)) continue;
        const { bytes, view } = out.room(reader.taken.length);
        bytes.set(reader.taken);
        if (record.type === 'section' && view.getUint32(0) === blockTypes.section)
          bytes.fill(0xff, section.lengthAt, section.lengthAt + section.lengthBytes);
      }
      return out.take();
    },
    end() {
      counts.bytesLeft = reader.end()?.bytesLeft ?? 0;
      return counts;
    },
  };
}

/** Decides on a record, and counts it. */
function isKept(record: CaptureRecord, { from, to }: TimeWindow, counts: CutCounts): boolean {
  if (record.type === 'unknown') return record.blockType !== blockTypes.customPrivate;
  if (record.type !== 'packet') return true;
  const time = toNanoseconds(record.ticks, record.interface.resolution);
  if (time < from) counts.before += 1;
  else if (time >= to) counts.after += 1;
  else counts.inside += 1;
  return time >= from && time < to;
}
