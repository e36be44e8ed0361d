import type { ByteWriter } from './byteWriter.ts';
import { writeNames } from './encode.ts';
import { namesRecord, type AddressName } from './nameRecords.ts';
import type { CapturePacket } from './records.ts';

/** Gives names to addresses while an output is written: in the order of the output, packet by packet. */
export interface Naming {
  /**
   * What is written before a packet; most often nothing. Its interface is described by then, so that no names stand
   * before the first interface block, where editcap refuses them.
   * @param time of the packet, in nanoseconds since 1970
   */
  before(packet: CapturePacket, time: bigint): readonly AddressName[];
  /** What is written behind the last packet. */
  atEnd(): readonly AddressName[];
}

/** Writes a block with these names; nothing when there are none. */
export function writeAddressNames(out: ByteWriter, names: readonly AddressName[]): void {
  if (names.length === 0) return;
  const record = namesRecord(names);
  if (record.entries.length > 0) writeNames(out, record);
}
