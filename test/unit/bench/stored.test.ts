import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countStored, coveredBytes } from '../../support/bench/agent/stored.ts';
import {
  interfaceBlock,
  packetBlock,
  pcapHeader,
  pcapPacket,
  sectionBlock,
} from '../../support/pcapng/captureBytes.ts';

/** IPv4 in Ethernet. */
function packet(protocol: number, transport: readonly number[]): Uint8Array {
  const data = Buffer.alloc(14 + 20 + transport.length);
  data.set([0x45, 0, 0, 20 + transport.length, 0, 0, 0, 0, 64, protocol], 14);
  data.set(transport, 34);
  return data;
}

const numbered = (number: number): Uint8Array =>
  packet(17, [0, 1, 0, 2, 0, 16, 0, 0, number & 255, number >> 8, 0, 0, 0, 0, 0, 0]);

function segment(sequence: number, payload: number): Uint8Array {
  const header = Buffer.alloc(20 + payload);
  header.writeUInt32BE(sequence, 4);
  header[12] = 5 << 4;
  return packet(6, [...header]);
}

const pcapng = (packets: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([
    sectionBlock(true),
    interfaceBlock(true, 1, 0),
    ...packets.map((data) => packetBlock(true, 0, 0n, data)),
  ]);
const pcap = (packets: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([pcapHeader(true, 0xa1b2_c3d4), ...packets.map((data) => pcapPacket(true, 0, 0, data))]);

describe('the packets that were sent', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packet-capture-stored-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  describe.each([
    ['pcapng', pcapng],
    ['pcap', pcap],
  ] as const)('in files of %s', (name, write) => {
    const files = async (...each: readonly (readonly Uint8Array[])[]): Promise<string[]> =>
      Promise.all(
        each.map(async (packets, index) => {
          const file = join(folder, `${name}-${index}`);
          await writeFile(file, write(packets));
          return file;
        }),
      );

    test('are found by their numbers in UDP, over all files; a duplicate counts once', async () => {
      const [udp, numbers] = [{ protocol: 'udp', size: 64 } as const, [0, 1, 2, 300, 2]];
      expect(await countStored(await files(numbers.map(numbered), [numbered(3)]), udp, 301)).toEqual({
        packets: 6,
        share: 5 / 301,
      });
    });

    test('are found by the bytes of TCP', async () => {
      const kind = { protocol: 'tcp', size: 100 } as const;
      expect(
        await countStored(await files([segment(7, 0), segment(8, 100), segment(108, 200), segment(108, 100)]), kind, 3),
      ).toEqual({ packets: 4, share: 1 });
      expect(await countStored(await files([segment(8, 100), segment(208, 100)]), kind, 3)).toEqual({
        packets: 2,
        share: 2 / 3,
      });
    });

    test('are all found in a file of many megabytes', async () => {
      const many = Array.from({ length: 20_000 }, (_, number) => Buffer.concat([numbered(number), Buffer.alloc(1001)]));
      expect(await countStored(await files(many), { protocol: 'udp', size: 64 }, many.length)).toEqual({
        packets: 20_000,
        share: 1,
      });
    });
  });
});

describe('the bytes of a connection that were captured', () => {
  test('count once, in any order and with repetitions', () => {
    expect(coveredBytes({ starts: [1000, 1100, 1200], lengths: [100, 100, 100] })).toBe(300);
    expect(coveredBytes({ starts: [1200, 1000, 1100, 1000], lengths: [100, 100, 100, 200] })).toBe(300);
    expect(coveredBytes({ starts: [1000, 1050, 1300], lengths: [100, 100, 50] })).toBe(200);
  });

  test('count across the end of the sequence numbers', () => {
    expect(coveredBytes({ starts: [4_294_967_200, 4, 104], lengths: [100, 100, 100] })).toBe(300);
    expect(coveredBytes({ starts: [4, 4_294_967_200], lengths: [100, 100] })).toBe(200);
  });

  test('are none without a segment', () => {
    expect(coveredBytes({ starts: [], lengths: [] })).toBe(0);
  });
});
