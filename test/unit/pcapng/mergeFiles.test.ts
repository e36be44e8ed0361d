import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  mergeFiles,
  readCapture,
  toNanoseconds,
  type CaptureRecord,
  type CaptureSource,
} from '../../../src/pcapng/index.ts';
import {
  block,
  interfaceBlock,
  packetBlock,
  pcapHeader,
  pcapPacket,
  sectionBlock,
  udpFrame,
} from '../../support/pcapng/captureBytes.ts';
import { cut, describe, madeFile, merged, readAll, sourceOf } from '../../support/pcapng/captureFiles.ts';

/** The interface's name, the time in nanoseconds and the first byte of each packet. */
function packetsOf(records: readonly CaptureRecord[]): (readonly [string | undefined, bigint, number | undefined])[] {
  return records.flatMap((record) =>
    record.type === 'packet'
      ? [[record.interface.name, toNanoseconds(record.ticks, record.interface.resolution), record.data[0]] as const]
      : [],
  );
}

function interfacesOf(records: readonly CaptureRecord[]): object[] {
  return records.flatMap((record) =>
    record.type === 'interface'
      ? [{ name: record.name, description: record.description, linkType: record.linkType, snaplen: record.snaplen }]
      : [],
  );
}

test('a file with one section is copied with all its blocks, in little-endian byte order', async () => {
  const places = fc.array(fc.nat(), { maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(madeFile(), places, async ({ little, blocks }, at) => {
      const ends = blocks.findIndex(
        (item, index) => index > 0 && 'type' in item.expected && item.expected.type === 'section',
      );
      const oneSection = ends === -1 ? blocks : blocks.slice(0, ends);
      const bytes = await merged([sourceOf(cut(Buffer.concat(oneSection.map((item) => item.bytes)), at))]);
      const { records, bytesLeft } = readAll([bytes]);
      expect(bytesLeft).toBeUndefined();
      // Interfaces are described at the same place, so even the order of blocks is the same. Unknown blocks of the
      // other byte order cannot be converted.
      const expected = oneSection
        .slice(1)
        .map((item) => item.expected)
        .filter((record) => little || !('type' in record && record.type === 'unknown'));
      expect(describe(records).slice(1)).toEqual(expected);
      expect(records[0]).toEqual({ type: 'section', options: [] });
    }),
    { numRuns: 100 },
  );
});

/** A file with one interface and packets at these times. */
function captured(name: string, times: readonly number[], mark: number): Uint8Array[] {
  const head = [
    sectionBlock(true),
    interfaceBlock(true, 1, 0, [
      { code: 2, value: name },
      { code: 9, value: Uint8Array.of(9) },
    ]),
  ];
  return [...head, ...times.map((time) => packetBlock(true, 0, BigInt(time), Uint8Array.of(mark)))];
}

test('files are merged by time; packets of equal time keep the order of the files', async () => {
  const times = fc.array(fc.nat({ max: 30 }), { maxLength: 12 }).map((list) => list.toSorted((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(fc.array(times, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 9 }), async (files, at) => {
      const sources = files.map((list, mark) => sourceOf(cut(Buffer.concat(captured(`eth${mark}`, list, mark)), at)));
      const { records } = readAll([await merged(sources)]);
      const expected = files
        .flatMap((list, mark) => list.map((time) => [`eth${mark}`, BigInt(time), mark] as const))
        .toSorted((a, b) => Number(a[1] - b[1]));
      expect(packetsOf(records)).toEqual(expected);
      expect(interfacesOf(records)).toHaveLength(files.length);
    }),
    { numRuns: 100 },
  );
});

test('files of different resolutions, link types and formats are merged, and each packet keeps its time', async () => {
  const micro = [
    sectionBlock(false),
    interfaceBlock(false, 1, 96, [{ code: 2, value: 'micro' }]),
    packetBlock(false, 0, 1_000_001n, Uint8Array.of(1)),
    packetBlock(false, 0, 3_000_000n, Uint8Array.of(2)),
  ];
  const nano = Buffer.concat([
    pcapHeader(true, 0xa1b23c4d, 113),
    pcapPacket(true, 1, 500, Uint8Array.of(3)),
    pcapPacket(true, 2, 999_999_999, Uint8Array.of(4)),
  ]);
  const binary = [
    sectionBlock(true),
    interfaceBlock(true, 101, 0, [
      { code: 2, value: 'binary' },
      { code: 9, value: Uint8Array.of(0x81) },
    ]),
    packetBlock(true, 0, 5n, Uint8Array.of(5)),
  ];
  const { records } = readAll([await merged([sourceOf(micro), sourceOf(nano), sourceOf(binary)])]);
  expect(packetsOf(records)).toEqual([
    [undefined, 1_000_000_500n, 3],
    ['micro', 1_000_001_000n, 1],
    ['binary', 2_500_000_000n, 5],
    [undefined, 2_999_999_999n, 4],
    ['micro', 3_000_000_000n, 2],
  ]);
  expect(interfacesOf(records)).toEqual([
    { name: 'micro', description: undefined, linkType: 1, snaplen: 96 },
    { name: undefined, description: undefined, linkType: 113, snaplen: 262_144 },
    { name: 'binary', description: undefined, linkType: 101, snaplen: 0 },
  ]);
});

test('a label renames an interface and keeps its other options; interfaces with equal labels become one', async () => {
  const label =
    (pod: string): CaptureSource['label'] =>
    ({ name }) => ({ name: `shop/${pod}:${name}`, description: 'node=one' });
  const file = (mark: number): Uint8Array[] => captured('eth0', [mark, mark + 10], mark);
  const sources = [1, 2, 3].map((mark) =>
    sourceOf(file(mark), { label: label(mark < 3 ? 'web-1' : 'web-2') ?? (() => ({})) }),
  );
  const { records } = readAll([await merged(sources, { application: 'test' })]);
  expect(interfacesOf(records)).toEqual(
    ['shop/web-1:eth0', 'shop/web-2:eth0'].map((name) => ({ name, description: 'node=one', linkType: 1, snaplen: 0 })),
  );
  const described = records.find((record) => record.type === 'interface');
  expect(described?.options.map(({ code, value }) => [code, Buffer.from(value).toString()])).toEqual([
    [2, 'shop/web-1:eth0'],
    [3, 'node=one'],
    [9, '\t'],
  ]);
  expect(packetsOf(records).map(([name, , mark]) => [name, mark])).toEqual(
    [1, 2, 3, 1, 2, 3].map((mark) => [mark < 3 ? 'shop/web-1:eth0' : 'shop/web-2:eth0', mark]),
  );
  expect(records[0]).toMatchObject({ options: [{ code: 4 }] });
});

test('each section of a file has its own interfaces', async () => {
  const { records } = readAll([await merged([sourceOf([...captured('eth0', [1], 1), ...captured('eth0', [2], 2)])])]);
  expect(packetsOf(records)).toEqual([
    ['eth0', 1n, 1],
    ['eth0', 2n, 2],
  ]);
  expect(interfacesOf(records)).toHaveLength(2);
});

test('a file that ends within a packet is merged up to there and reported, and so is an empty file', async () => {
  const whole = Buffer.concat(captured('eth0', [1, 2, 3], 1));
  const reported: [string, number][] = [];
  const sources = [
    sourceOf(whole.subarray(0, -5), { name: 'killed' }),
    sourceOf([], { name: 'empty' }),
    sourceOf(captured('eth1', [2], 2), { name: 'good' }),
  ];
  const { records } = readAll([
    await merged(sources, { onTruncated: ({ name }, bytesLeft) => reported.push([name, bytesLeft]) }),
  ]);
  expect(packetsOf(records).map(([name]) => name)).toEqual(['eth0', 'eth0', 'eth1']);
  expect(new Map(reported)).toEqual(
    new Map([
      ['empty', 0],
      ['killed', 31],
    ]),
  );
});

test('blocks that cannot be copied are reported', async () => {
  const left: number[] = [];
  const { records } = readAll([
    await merged(
      [
        sourceOf([sectionBlock(true), block(true, 0x4000_0bad, [4, 1]), block(true, 99, [4, 1])]),
        sourceOf([sectionBlock(false), block(false, 99, [4, 1])]),
      ],
      {
        onLeftOut: (_, blockType) => left.push(blockType),
      },
    ),
  ]);
  expect(records.map(({ type }) => type)).toEqual(['section', 'unknown']);
  expect(left).toEqual([0x4000_0bad, 99]);
});

test('a damaged file fails the merge with its name, and all sources are closed', async () => {
  let open = 0;
  const watched = (name: string, chunks: readonly Uint8Array[]): CaptureSource => ({
    name,
    data: (async function* data() {
      open += 1;
      try {
        for (const chunk of chunks) yield chunk;
      } finally {
        open -= 1;
      }
    })(),
  });
  const good = captured('eth0', [1, 2, 3], 1);
  const sources = [watched('good.pcapng', good), watched('bad.pcapng', [...good, new Uint8Array(12)])];
  await expect(merged(sources)).rejects.toMatchObject({
    code: 'CAPTURE_INVALID',
    where: expect.stringMatching(/^bad\.pcapng, byte \d+$/) as string,
  });
  expect(open).toBe(0);
});

test('a merge reads no more from endless sources than the order of packets needs', async () => {
  const frame = udpFrame('x'.repeat(1000));
  const perChunk = 50;
  let read = 0;
  const endless = (mark: number): CaptureSource => ({
    name: `${mark}`,
    data: (async function* data() {
      yield Buffer.concat([sectionBlock(true), interfaceBlock(true, 1, 0, [{ code: 2, value: `eth${mark}` }])]);
      for (let round = 0; ; round += 1) {
        read += 1;
        yield Buffer.concat(
          Array.from({ length: perChunk }, (_, index) =>
            packetBlock(true, 0, BigInt((round * perChunk + index) * 2 + mark), frame),
          ),
        );
      }
    })(),
  });
  let packets = 0;
  let last = -1n;
  const pieces = mergeFiles([endless(0), endless(1)]);
  for await (const record of readCapture({ name: 'merged', data: pieces })) {
    if (record.type !== 'packet') continue;
    expect(record.ticks).toBe(last + 1n);
    last = record.ticks;
    packets += 1;
    // The output is yielded in pieces, so some packets that were read are not counted yet.
    expect(read * perChunk - packets).toBeLessThan(4 * perChunk + 150);
    if (packets === 3000) break;
  }
});
