import fc from 'fast-check';
import { describe as group, expect, test } from 'vitest';
import { isCodedError } from '../../../src/errors.ts';
import { createCaptureReader, toNanoseconds, type CaptureRecord } from '../../../src/pcapng/index.ts';
import {
  block,
  bytesOf,
  interfaceBlock,
  optionBytes,
  packetBlock,
  pcapHeader,
  pcapPacket,
  sectionBlock,
} from '../../support/pcapng/captureBytes.ts';
import { cut, describe, madeFile, readAll } from '../../support/pcapng/captureFiles.ts';

const places = fc.array(fc.nat(), { maxLength: 20 });

test('every kind of block is decoded, in both byte orders, from chunks of any size', () => {
  fc.assert(
    fc.property(madeFile(), places, ({ blocks }, at) => {
      const { records, bytesLeft } = readAll(cut(Buffer.concat(blocks.map(({ bytes }) => bytes)), at));
      expect(describe(records)).toEqual(blocks.map((item) => item.expected));
      expect(bytesLeft).toBeUndefined();
    }),
    { numRuns: 100 },
  );
});

test('a file that is cut anywhere yields its whole blocks and reports the bytes after them', () => {
  fc.assert(
    fc.property(madeFile(), places, fc.nat(), ({ blocks }, at, end) => {
      const bytes = Buffer.concat(blocks.map((item) => item.bytes));
      const kept = end % (bytes.length + 1);
      const { records, bytesLeft } = readAll(cut(bytes.subarray(0, kept), at));
      let whole = 0;
      const expected = blocks.filter((item) => (whole += item.bytes.length) <= kept);
      expect(describe(records)).toEqual(expected.map((item) => item.expected));
      const rest = kept - expected.reduce((sum, item) => sum + item.bytes.length, 0);
      expect(bytesLeft).toBe(rest === 0 && kept > 0 ? undefined : rest);
    }),
    { numRuns: 100 },
  );
});

/** The records before an error, and the error's code and place. An error without a code is thrown again. */
function tryAll(chunks: readonly Uint8Array[]): { records: CaptureRecord[]; problem?: string } {
  const records: CaptureRecord[] = [];
  const reader = createCaptureReader('test');
  try {
    for (const chunk of chunks) for (const record of reader.push(chunk)) records.push(record);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { records, problem: `${error.code} at ${error.where ?? 'nowhere'}` };
  }
  return { records };
}

test('damage causes CAPTURE_INVALID or other records, never another error, and blocks before it are read', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(madeFile(), places, damage, ({ blocks }, at, changes) => {
      const bytes = new Uint8Array(Buffer.concat(blocks.map((item) => item.bytes)));
      const where = changes.map(([place]) => place % bytes.length);
      for (const [index, [, value]] of changes.entries()) bytes[where[index] ?? 0] = value;
      const { records, problem = 'CAPTURE_INVALID at test, byte 0' } = tryAll(cut(bytes, at));
      expect(problem).toMatch(/^CAPTURE_INVALID at test, byte \d+$/);
      let end = 0;
      const before = blocks.filter((item) => (end += item.bytes.length) <= Math.min(...where));
      expect(describe(records).slice(0, before.length)).toEqual(before.map((item) => item.expected));
    }),
    { numRuns: 300 },
  );
});

test('any bytes after a header cause CAPTURE_INVALID or are read as records', () => {
  const heads = [
    sectionBlock(true),
    sectionBlock(false),
    pcapHeader(true, 0xa1b2c3d4),
    pcapHeader(false, 0xa1b23c4d),
    new Uint8Array(0),
  ];
  fc.assert(
    fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 300 }), (head, tail) => {
      expect(tryAll([head, tail]).problem ?? 'CAPTURE_INVALID at test, byte 0').toMatch(
        /^CAPTURE_INVALID at test, byte \d+$/,
      );
    }),
    { numRuns: 300 },
  );
});

group.each([
  ['little', true],
  ['big', false],
])('classic pcap, %s-endian', (_, little) => {
  test.each([
    ['microseconds', 0xa1b2c3d4, 1_700_000_000_123_456_000n],
    ['nanoseconds', 0xa1b23c4d, 1_700_000_000_000_123_456n],
  ])('with %s is read from chunks of any size', (_unit, magic, time) => {
    const bytes = Buffer.concat([
      pcapHeader(little, magic, 113, 96),
      pcapPacket(little, 1_700_000_000, 123_456, Uint8Array.of(1, 2, 3), 99),
      pcapPacket(little, 4_294_967_295, 0, new Uint8Array(0)),
    ]);
    fc.assert(
      fc.property(places, (at) => {
        const { records, bytesLeft } = readAll(cut(bytes, at));
        expect(bytesLeft).toBeUndefined();
        const [section, captured, first, second] = records;
        expect([section?.type, captured?.type, records.length]).toEqual(['section', 'interface', 4]);
        if (captured?.type !== 'interface' || first?.type !== 'packet' || second?.type !== 'packet')
          throw new Error('other records');
        expect([captured.linkType, captured.snaplen, captured.name]).toEqual([113, 96, undefined]);
        expect([[...first.data], first.originalLength, first.interface]).toEqual([[1, 2, 3], 99, captured]);
        expect(toNanoseconds(first.ticks, captured.resolution)).toBe(time);
        expect(toNanoseconds(second.ticks, captured.resolution)).toBe(4_294_967_295_000_000_000n);
      }),
      { numRuns: 50 },
    );
  });

  test('the length of the frame check sequence becomes an option of the interface', () => {
    const { records } = readAll([pcapHeader(little, 0xa1b2c3d4, 0x2400_0001)]);
    expect(records[1]).toMatchObject({ linkType: 1, options: [{ code: 13, value: Uint8Array.of(4) }] });
  });

  test('the simple and the obsolete packet block are read as packets', () => {
    const { records } = readAll([
      sectionBlock(little),
      interfaceBlock(little, 1, 5),
      block(little, 3, [4, 9], Uint8Array.of(1, 2, 3, 4, 5)),
      block(
        little,
        2,
        [2, 0],
        [2, 7],
        [4, 1],
        [4, 2],
        [4, 1],
        [4, 60],
        Uint8Array.of(8, 0, 0, 0),
        optionBytes(little, [{ code: 2, value: [[4, 5n]] }]),
      ),
      block(little, 2, [2, 0], [2, 65_535], [4, 1], [4, 2], [4, 0], [4, 60]),
    ]);
    expect(describe(records).slice(2)).toEqual([
      { type: 'packet', id: 0, ticks: 0n, originalLength: 9, data: '0102030405', options: [] },
      {
        type: 'packet',
        id: 0,
        ticks: 2n ** 32n + 2n,
        originalLength: 60,
        data: '08',
        options: [
          { code: 2, value: '05000000' },
          { code: 4, value: '0700000000000000' },
        ],
      },
      { type: 'packet', id: 0, ticks: 2n ** 32n + 2n, originalLength: 60, data: '', options: [] },
    ]);
  });
});

test.each([
  [9, 5n, 1_700_000_000_123_456_789n, 1_700_000_005_123_456_789n],
  [6, -1n, 1_700_000_000_123_456n, 1_699_999_999_123_456_000n],
  [12, 0n, 17_000_000_123_456_789n, 17_000_000_123_456n],
  [0, 0n, 17n, 17_000_000_000n],
  [0x8a, 0n, 1024n * 3n + 512n, 3_500_000_000n],
  [0x80 + 32, 0n, (7n << 32n) + (1n << 31n), 7_500_000_000n],
])('timestamps are converted by if_tsresol %i and if_tsoffset %i', (resolution, offset, ticks, time) => {
  const options = [
    { code: 9, value: Uint8Array.of(resolution) },
    { code: 14, value: [[8, offset]] as const },
  ];
  const { records } = readAll([
    sectionBlock(false),
    interfaceBlock(false, 1, 0, options),
    packetBlock(false, 0, ticks & (2n ** 64n - 1n), new Uint8Array(0)),
  ]);
  const packet = records.at(-1);
  if (packet?.type !== 'packet') throw new Error('no packet');
  expect(toNanoseconds(packet.ticks, packet.interface.resolution)).toBe(time);
});

test.each<[string, Uint8Array, number]>([
  ['another format', new TextEncoder().encode('<!DOCTYPE html>'), 0],
  ['a section without its magic', bytesOf(true, [4, 0x0a0d0d0a], [4, 28], [4, 0]), 0],
  [
    'a version of the future',
    bytesOf(true, [4, 0x0a0d0d0a], [4, 28], [4, 0x1a2b3c4d], [2, 2], [2, 0], [8, 0], [4, 28]),
    0,
  ],
  [
    'a packet of an interface that is not described',
    Buffer.concat([sectionBlock(true), packetBlock(true, 0, 0n, new Uint8Array(4))]),
    28,
  ],
  ['lengths that differ', Buffer.concat([sectionBlock(true), bytesOf(true, [4, 7], [4, 16], [4, 0], [4, 20])]), 28],
  [
    'a block of 4 GiB, of which twelve bytes are there,',
    Buffer.concat([sectionBlock(true), bytesOf(true, [4, 6], [4, 0xffff_fffc], [4, 0])]),
    28,
  ],
  ['an empty block', Buffer.concat([sectionBlock(true), bytesOf(true, [4, 6], [4, 0], [4, 0])]), 28],
  [
    'a length that is not a multiple of four',
    Buffer.concat([sectionBlock(true), bytesOf(true, [4, 6], [4, 33], [4, 0])]),
    28,
  ],
  ['a pcap of version 2.3', bytesOf(true, [4, 0xa1b2c3d4], [2, 2], [2, 3], [8, 0], [8, 0]), 0],
  [
    'a pcap packet of 2 GiB',
    Buffer.concat([pcapHeader(true, 0xa1b2c3d4), bytesOf(true, [4, 1], [4, 0], [4, 0x8000_0000], [4, 0])]),
    24,
  ],
])('%s is refused with the offset of the block', (_, bytes, offset) => {
  expect(() => readAll([bytes])).toThrow(
    expect.objectContaining({ code: 'CAPTURE_INVALID', where: `test, byte ${offset}` }),
  );
});

test('more than 65536 interfaces or options are refused, so that they cannot fill the memory', () => {
  const one = interfaceBlock(true, 1, 0);
  const many = Buffer.concat([sectionBlock(true), Buffer.alloc(65_537 * one.length, one)]);
  expect(() => readAll([many])).toThrow(/more than 65536 interfaces/);
  const options = optionBytes(
    true,
    Array.from({ length: 65_537 }, () => ({ code: 1, value: '' })),
  );
  expect(() =>
    readAll([sectionBlock(true), interfaceBlock(true, 1, 0), block(true, 5, [4, 0], [8, 0], options)]),
  ).toThrow(/more than 65536 options/);
});

test('a block that claims 16 MiB takes no memory before its bytes arrive', () => {
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 64 }, () => createCaptureReader('test'));
  for (const each of readers)
    expect([
      ...each.push(Buffer.concat([sectionBlock(true), bytesOf(true, [4, 77], [4, 16 * 1024 ** 2], [4, 0])])),
    ]).toHaveLength(1);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 ** 2);
  expect(readers.length).toBe(64);
});

test('a block of 128 KiB is read from chunks of one byte', () => {
  const reader = createCaptureReader('test');
  const large = block(true, 77, new Uint8Array(128 * 1024));
  let records = [...reader.push(sectionBlock(true))].length;
  for (const byte of large) records += [...reader.push(Uint8Array.of(byte))].length;
  expect(records).toBe(2);
});
