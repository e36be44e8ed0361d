import { blockTypes } from './blockTypes.ts';
import type { ByteQueue } from './byteQueue.ts';
import { captureError } from './captureError.ts';
import { decodeBlock, type SectionState } from './decode.ts';
import { readOptions } from './options.ts';
import type { ReaderLimits } from './readLimits.ts';
import type { CaptureRecord } from './records.ts';

const byteOrderMagic = 0x1a2b_3c4d;
const headLength = 12;
const sectionLength = 28;

/** The state of the reader between blocks. */
export interface PcapngFormat {
  /** Undefined before the first section header. */
  section: SectionState | undefined;
  /** How many interfaces all sections have described. */
  described: number;
  readonly limits: ReaderLimits;
}

/**
 * Takes the next block of a pcapng file from the queue; undefined until it is whole.
 * @throws CAPTURE_INVALID; an invalid length is refused before the block's bytes have arrived
 */
export function takeBlock(queue: ByteQueue, format: PcapngFormat): CaptureRecord | undefined {
  if (queue.length < headLength) return undefined;
  const head = queue.peek(headLength);
  // The type of a section header is the same in both byte orders.
  const beginsSection = head.getUint32(0, true) === blockTypes.section;
  const { limits } = format;
  const section = beginsSection ? { little: byteOrder(head), interfaces: [], limits } : format.section;
  if (section === undefined) throw captureError('the data does not begin with a section header');
  const { little } = section;
  const length = head.getUint32(4, little);
  checkLength(length, beginsSection ? sectionLength : headLength, limits.largestBlock);
  if (queue.length < length) return undefined;
  const block = queue.take(length);
  const view = new DataView(block.buffer, block.byteOffset, length);
  if (view.getUint32(length - 4, little) !== length) throw captureError("a block's two lengths differ");
  if (!beginsSection) return counted(decodeBlock(view.getUint32(0, little), bodyOf(block), section), format);
  const version = `${view.getUint16(12, little)}.${view.getUint16(14, little)}`;
  // Some programs once wrote 1.2 for the same format (draft-ietf-opsawg-pcapng, section 4.1).
  if (version !== '1.0' && version !== '1.2')
    throw captureError(`version ${version} of the pcapng format is not known`);
  format.section = section;
  return { type: 'section', options: readOptions(bodyOf(block), 16, little, {}).options };
}

function counted(record: CaptureRecord, format: PcapngFormat): CaptureRecord {
  if (record.type !== 'interface') return record;
  format.described += 1;
  if (format.described > format.limits.mostInterfaces)
    throw captureError(`the capture describes more than ${format.limits.mostInterfaces} interfaces`);
  return record;
}

function bodyOf(block: Uint8Array): DataView {
  return new DataView(block.buffer, block.byteOffset + 8, block.length - headLength);
}

function byteOrder(head: DataView): boolean {
  if (head.getUint32(8, true) === byteOrderMagic) return true;
  if (head.getUint32(8, false) === byteOrderMagic) return false;
  throw captureError('a section header has no byte-order magic');
}

function checkLength(length: number, least: number, largest: number): void {
  if (length < least) throw captureError(`a block claims to have ${length} bytes, fewer than it needs`);
  if (length % 4 !== 0) throw captureError(`a block claims to have ${length} bytes, which is not a multiple of four`);
  if (length > largest) throw captureError(`a block claims to have ${length} bytes, more than ${largest}`);
}
