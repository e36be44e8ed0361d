import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toNanoseconds, type CaptureRecord, type TimeWindow } from '../../../src/pcapng/index.ts';
import {
  block,
  interfaceBlock,
  packetBlock,
  pcapHeader,
  pcapPacket,
  sectionBlock,
} from '../../support/pcapng/captureBytes.ts';
import {
  cut as inPieces,
  cutBytes,
  describe as described,
  madeFile,
  readAll,
} from '../../support/pcapng/captureFiles.ts';

function timeOf(record: CaptureRecord): bigint | undefined {
  return record.type === 'packet' ? toNanoseconds(record.ticks, record.interface.resolution) : undefined;
}

/** What the whole file has of the window: a plain filter over all that a reader gives. */
function plainFilter(bytes: Uint8Array, { from, to }: TimeWindow): CaptureRecord[] {
  return readAll([bytes]).records.filter((record) => {
    const time = timeOf(record);
    return time === undefined || (time >= from && time < to);
  });
}

describe('a cut', () => {
  test('has what a plain filter over the whole file leaves, from every kind of file, in pieces of any size', () => {
    fc.assert(
      fc.property(
        madeFile().chain((file) => {
          const bytes = Buffer.concat(file.blocks.map((each) => each.bytes));
          const times = readAll([bytes]).records.flatMap((record) => timeOf(record) ?? []);
          // Bounds on a packet, a nanosecond beside it, and between packets.
          const bound = fc
            .tuple(fc.constantFrom(0n, ...times), fc.constantFrom(-1n, 0n, 1n, 1_000_000n))
            .map(([time, more]) => time + more);
          return fc.record({
            bytes: fc.constant(bytes),
            window: fc.tuple(bound, bound).map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a })),
            places: fc.array(fc.nat(), { maxLength: 4 }),
          });
        }),
        ({ bytes, window, places }) => {
          const { out, counts } = cutBytes(inPieces(bytes, places), window);
          const expected = plainFilter(bytes, window);
          const { records, bytesLeft } = readAll([out]);
          expect(bytesLeft).toBe(undefined);
          expect(described(records)).toEqual(described(expected));
          const all = readAll([bytes]).records.filter(({ type }) => type === 'packet').length;
          expect(counts.inside).toBe(expected.filter(({ type }) => type === 'packet').length);
          expect(counts.inside + counts.before + counts.after).toBe(all);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('takes the packet at its beginning and not the one at its end, so that windows make up the whole', () => {
    fc.assert(
      fc.property(madeFile(), fc.bigInt({ min: 0n, max: 2n ** 64n }), (file, middle) => {
        const bytes = Buffer.concat(file.blocks.map((each) => each.bytes));
        const [first, second] = [
          { from: -(2n ** 100n), to: middle },
          { from: middle, to: 2n ** 100n },
        ].map((window) => cutBytes([bytes], window));
        const all = readAll([bytes]).records.filter(({ type }) => type === 'packet').length;
        expect((first?.counts.inside ?? 0) + (second?.counts.inside ?? 0)).toBe(all);
      }),
    );
  });

  test('leaves every byte as it was when all packets are in the window', () => {
    fc.assert(
      fc.property(madeFile(), (file) => {
        const bytes = Buffer.concat(file.blocks.map((each) => each.bytes));
        expect(cutBytes([bytes], { from: -(2n ** 100n), to: 2n ** 100n }).out.equals(bytes)).toBe(true);
      }),
    );
  });

  test.each([true, false])('of a section with a length no longer states it; little-endian: %s', (little) => {
    const whole = sectionBlock(little);
    new DataView(whole.buffer, whole.byteOffset).setBigInt64(16, 68n, little);
    const bytes = Buffer.concat([whole, interfaceBlock(little, 1, 0), packetBlock(little, 0, 5n, Uint8Array.of(1))]);
    const { out } = cutBytes([bytes], { from: 0n, to: 1n });
    expect(new DataView(out.buffer, out.byteOffset).getBigInt64(16, little)).toBe(-1n);
  });

  test('leaves out blocks that must not be copied', () => {
    const kept = [sectionBlock(true), block(true, 0xbad, [4, 1]), interfaceBlock(true, 1, 0)];
    const bytes = Buffer.concat([...kept, block(true, 0x4000_0bad, [4, 1])]);
    expect(cutBytes([bytes], { from: 0n, to: 1n }).out.equals(Buffer.concat(kept))).toBe(true);
  });

  test('of a classic pcap is one', () => {
    const packets = [1, 2, 3].map((second) => pcapPacket(true, second, 500, Uint8Array.of(second)));
    const header = pcapHeader(true, 0xa1b2c3d4);
    const { out, counts } = cutBytes([Buffer.concat([header, ...packets])], {
      from: 2_000_500_000n,
      to: 3_000_500_000n,
    });
    expect(out.equals(Buffer.concat([header, packets[1] ?? header]))).toBe(true);
    expect(counts).toEqual({ inside: 1, before: 1, after: 1, bytesLeft: 0 });
  });

  test('of a file that ends within a packet ends before it', () => {
    const whole = Buffer.concat([sectionBlock(true), interfaceBlock(true, 1, 0)]);
    const { out, counts } = cutBytes(
      [Buffer.concat([whole, packetBlock(true, 0, 5n, new Uint8Array(99)).subarray(0, 50)])],
      { from: 0n, to: 2n ** 63n },
    );
    expect(out.equals(whole)).toBe(true);
    expect(counts.bytesLeft).toBe(50);
  });

  test('of what is no capture file is refused', () => {
    expect(() => cutBytes([Buffer.from('this is no capture file')], { from: 0n, to: 1n })).toThrow(
      expect.objectContaining({ code: 'CAPTURE_INVALID' }),
    );
  });
});
