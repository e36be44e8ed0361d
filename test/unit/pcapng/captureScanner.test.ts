import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCodedError } from '../../../src/errors.ts';
import { createCaptureReader, createCaptureScanner, type CaptureInterface } from '../../../src/pcapng/index.ts';
import {
  interfaceBlock,
  packetBlock,
  pcapHeader,
  pcapPacket,
  sectionBlock,
} from '../../support/pcapng/captureBytes.ts';
import { cut, madeFile } from '../../support/pcapng/captureFiles.ts';

/** What is said of a packet, in either way. */
function packetText(captured: CaptureInterface, ticks: bigint, originalLength: number, data: Uint8Array): string {
  return [captured.linkType, captured.name, ticks, originalLength, Buffer.from(data).toString('hex')].join(' ');
}

function failure(error: unknown): string {
  if (!isCodedError(error)) throw error;
  return `${error.code} ${error.message} ${error.where}`;
}

/** What an interface keeps must still be there at the end. */
function optionTexts(interfaces: readonly CaptureInterface[]): string[] {
  return interfaces.flatMap(({ options }) => options.map(({ value }) => Buffer.from(value).toString('hex')));
}

/** The packets and the types of other records, then the error or the end. */
function readBy(pieces: readonly Uint8Array[]): string[] {
  const reader = createCaptureReader('test');
  const seen: string[] = [];
  const interfaces: CaptureInterface[] = [];
  try {
    for (const piece of pieces) {
      for (const record of reader.push(piece)) {
        if (record.type === 'interface') interfaces.push(record);
        seen.push(
          record.type === 'packet'
            ? packetText(record.interface, record.ticks, record.originalLength, record.data)
            : record.type,
        );
      }
    }
    seen.push(`end ${reader.end()?.bytesLeft}`);
  } catch (error) {
    seen.push(failure(error));
  }
  return [...seen, ...optionTexts(interfaces)];
}

function scannedBy(pieces: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  const interfaces: CaptureInterface[] = [];
  const scanner = createCaptureScanner('test', {
    packet({ interface: captured, high, low, perHigh, originalLength, bytes, start, end }) {
      const ticks = BigInt(high) * BigInt(perHigh) + BigInt(low);
      seen.push(packetText(captured, ticks, originalLength, bytes.subarray(start, end)));
    },
    record(record) {
      if (record.type === 'interface') interfaces.push(record);
      seen.push(
        record.type === 'packet'
          ? packetText(record.interface, record.ticks, record.originalLength, record.data)
          : record.type,
      );
    },
  });
  // The same memory for each piece, as a file is read: nothing of it may be kept.
  const memory = new Uint8Array(pieces.reduce((most, piece) => Math.max(most, piece.length), 0));
  try {
    for (const piece of pieces) {
      memory.fill(0xee);
      memory.set(piece);
      scanner.push(memory.subarray(0, piece.length));
    }
    memory.fill(0xee);
    seen.push(`end ${scanner.end()?.bytesLeft}`);
  } catch (error) {
    seen.push(failure(error));
  }
  return [...seen, ...optionTexts(interfaces)];
}

const places = fc.array(fc.nat(), { maxLength: 12 });

test('it sees what the reader sees, in pieces of any size', () => {
  fc.assert(
    fc.property(madeFile(), places, ({ blocks }, at) => {
      const bytes = Buffer.concat(blocks.map((block) => block.bytes));
      const seen = scannedBy(cut(bytes, at));
      expect(seen).toEqual(readBy([bytes]));
    }),
    { numRuns: 300 },
  );
});

test('it sees what the reader sees when the file ends at any byte of its beginning', () => {
  const whole = Buffer.concat([
    sectionBlock(true),
    interfaceBlock(true, 1, 0),
    packetBlock(true, 0, 1n, Uint8Array.of(1)),
  ]);
  const pcap = Buffer.concat([pcapHeader(false, 0xa1b2_c3d4), pcapPacket(false, 1, 2, Uint8Array.of(1), 1)]);
  for (const bytes of [whole, pcap])
    for (let length = 0; length <= bytes.length; length += 1) {
      const pieces = [bytes.subarray(0, length)];
      expect(scannedBy(pieces)).toEqual(readBy(pieces));
    }
});

test('it refuses what the reader refuses, after the same packets and with the same place', { timeout: 60_000 }, () => {
  let refused = 0;
  fc.assert(
    fc.property(madeFile(), places, fc.nat(), fc.nat({ max: 255 }), ({ blocks }, at, place, value) => {
      const bytes = Buffer.concat(blocks.map((block) => block.bytes));
      bytes[place % bytes.length] = value;
      const pieces = cut(bytes, at);
      const seen = scannedBy(pieces);
      expect(seen).toEqual(readBy(pieces));
      if (seen.some((text) => text.startsWith('CAPTURE_INVALID'))) refused += 1;
    }),
    { numRuns: 1000 },
  );
  expect(refused).toBeGreaterThan(50);
});

test.each([
  [true, 0xa1b2_c3d4],
  [true, 0xa1b2_3c4d],
  [false, 0xa1b2_c3d4],
  [false, 0xa1b2_3c4d],
])('it sees the packets of pcap, little-endian %s, magic number %i', (little, magic) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 20 }),
      places,
      fc.nat(),
      (packets, at, change) => {
        const bytes = Buffer.concat([
          pcapHeader(little, magic),
          ...packets.map((data, index) => pcapPacket(little, 1_700_000_000 + index, index * 7, data, data.length + 3)),
        ]);
        const pieces = cut(bytes, at);
        expect(scannedBy(pieces)).toEqual(readBy(pieces));
        bytes[change % bytes.length] = 0xff;
        const damaged = cut(bytes, at);
        expect(scannedBy(damaged)).toEqual(readBy(damaged));
      },
    ),
  );
});

test('packets with a count of dropped ones come as records, all others in place', () => {
  const kinds: string[] = [];
  const scanner = createCaptureScanner('test', {
    packet: () => kinds.push('in place'),
    record: ({ type }) => kinds.push(type),
  });
  scanner.push(
    Buffer.concat([
      sectionBlock(true),
      interfaceBlock(true, 1, 0),
      packetBlock(true, 0, 1n, Uint8Array.of(1)),
      packetBlock(true, 0, 2n, Uint8Array.of(2), 1, [{ code: 2, value: [[4, 1n]] }]),
      packetBlock(true, 0, 3n, Uint8Array.of(3), 1, [{ code: 4, value: [[8, 5n]] }]),
    ]),
  );
  expect(kinds).toEqual(['section', 'interface', 'in place', 'in place', 'packet']);
});
