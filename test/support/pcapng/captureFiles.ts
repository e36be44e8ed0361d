import fc from 'fast-check';
import {
  createCaptureCutter,
  createCaptureReader,
  mergeFiles,
  type CaptureInterface,
  type CaptureRecord,
  type CaptureSource,
  type CutCounts,
  type MergeOptions,
  type TimeWindow,
} from '../../../src/pcapng/index.ts';
import { block, interfaceBlock, optionBytes, packetBlock, pad, sectionBlock, type RawOption } from './captureBytes.ts';

/** One block of a generated file: its bytes, and the record that a reader must return for it. */
export interface MadeBlock {
  readonly bytes: Uint8Array;
  readonly expected: object;
}

export interface MadeFile {
  readonly little: boolean;
  readonly blocks: readonly MadeBlock[];
}

const comment = fc.string({ maxLength: 40 }).map((value): RawOption => ({ code: 1, value }));
const unknownOption = fc.uint8Array({ maxLength: 9 }).map((value): RawOption => ({ code: 3000, value }));
const customOption = fc.nat().map((value): RawOption => ({ code: 2989, value: [[4, BigInt(value)]] }));
const eight = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const numberOption = (codes: readonly number[]): fc.Arbitrary<RawOption> =>
  fc.tuple(fc.constantFrom(...codes), eight).map(([code, value]) => ({ code, value: [[8, value]] }));
const timeOption = fc.tuple(fc.constantFrom(2, 3), fc.nat(), fc.nat()).map(([code, high, low]): RawOption => ({
  code,
  value: [
    [4, BigInt(high)],
    [4, BigInt(low)],
  ],
}));
const flags = fc.nat().map((value): RawOption => ({ code: 2, value: [[4, BigInt(value)]] }));
const options = (...kinds: fc.Arbitrary<RawOption>[]): fc.Arbitrary<RawOption[]> =>
  fc.array(fc.oneof(comment, unknownOption, customOption, ...kinds), { maxLength: 3 });
const data = fc.uint8Array({ maxLength: 80 });
const ticks = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

/** The options that a reader must return: numbers are little-endian. */
export function readOf(raw: readonly RawOption[]): object[] {
  return raw.map(({ code, value }) => ({ code, value: hex(optionPart(value)) }));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function optionPart(value: RawOption['value']): Uint8Array {
  const bytes = optionBytes(true, [{ code: 1, value }]);
  const length = (bytes[2] ?? 0) | ((bytes[3] ?? 0) << 8);
  return bytes.subarray(4, 4 + length);
}

const madeInterface = fc
  .record({
    linkType: fc.nat({ max: 65_535 }),
    snaplen: fc.constantFrom(0, 64, 262_144),
    more: options(numberOption([8, 16, 17])),
    resolution: fc.option(fc.constantFrom(3, 6, 9, 12, 0x8a), { nil: undefined }),
    offset: fc.option(fc.constantFrom(-3n, 7n), { nil: undefined }),
  })
  .map(({ linkType, snaplen, more, resolution, offset }) => ({
    linkType,
    snaplen,
    options: [
      ...more,
      ...(resolution === undefined ? [] : [{ code: 9, value: Uint8Array.of(resolution) }]),
      ...(offset === undefined ? [] : [{ code: 14, value: [[8, offset]] as const }]),
    ],
  }));

const madeBlocks = (little: boolean, interfaces: number): fc.Arbitrary<MadeBlock> => {
  const id = fc.nat({ max: interfaces - 1 });
  const packet = fc
    .record({ id, ticks, data, more: fc.nat({ max: 9 }), options: options(flags, numberOption([4, 5])) })
    .map((item) => ({
      bytes: packetBlock(little, item.id, item.ticks, item.data, item.data.length + item.more, item.options),
      expected: {
        type: 'packet',
        id: item.id,
        ticks: item.ticks,
        originalLength: item.data.length + item.more,
        data: hex(item.data),
        options: readOf(item.options),
      },
    }));
  const statistics = fc
    .record({ id, ticks, options: options(timeOption, numberOption([4, 5, 6, 7, 8])) })
    .map((item) => ({
      bytes: block(
        little,
        5,
        [4, item.id],
        [4, item.ticks >> 32n],
        [4, item.ticks & 0xffff_ffffn],
        optionBytes(little, item.options),
      ),
      expected: { type: 'statistics', id: item.id, ticks: item.ticks, options: readOf(item.options) },
    }));
  const names = fc
    .record({ names: fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { maxLength: 3 }), options: options() })
    .map((item) => {
      const entries = item.names.map((name): RawOption => ({
        code: 1,
        value: Uint8Array.of(10, 0, 0, 1, ...new TextEncoder().encode(name), 0),
      }));
      const bytes = entries.length === 0 ? new Uint8Array(4) : optionBytes(little, entries);
      return {
        bytes: block(little, 4, bytes, optionBytes(little, item.options)),
        expected: { type: 'names', entries: readOf(entries), options: readOf(item.options) },
      };
    });
  const secrets = fc.record({ data, options: options() }).map((item) => ({
    bytes: block(
      little,
      10,
      [4, 0x544c_534b],
      [4, item.data.length],
      pad(item.data),
      optionBytes(little, item.options),
    ),
    expected: { type: 'secrets', secretsType: 0x544c_534b, data: hex(item.data), options: readOf(item.options) },
  }));
  const unknown = fc
    .tuple(fc.constantFrom(9, 0xbad, 77), fc.uint8Array({ maxLength: 40 }))
    .map(([blockType, body]) => ({
      bytes: block(little, blockType, body),
      expected: { type: 'unknown', blockType, little, body: hex(pad(body)) },
    }));
  return fc.oneof({ arbitrary: packet, weight: 5 }, statistics, names, secrets, unknown);
};

/** Generates files with one or two sections, interfaces and blocks of every kind. */
export const madeFile = (orders: fc.Arbitrary<boolean> = fc.boolean()): fc.Arbitrary<MadeFile> =>
  orders.chain((little) =>
    fc
      .array(
        fc.tuple(options(), fc.array(madeInterface, { minLength: 1, maxLength: 3 })).chain(([about, interfaces]) =>
          fc.array(madeBlocks(little, interfaces.length), { maxLength: 8 }).map((blocks): MadeBlock[] => [
            { bytes: sectionBlock(little, about), expected: { type: 'section', options: readOf(about) } },
            ...interfaces.map((item) => ({
              bytes: interfaceBlock(little, item.linkType, item.snaplen, item.options),
              expected: {
                type: 'interface',
                linkType: item.linkType,
                snaplen: item.snaplen,
                options: readOf(item.options),
              },
            })),
            ...blocks,
          ]),
        ),
        { minLength: 1, maxLength: 2 },
      )
      .map((sections) => ({ little, blocks: sections.flat() })),
  );

/** Cuts bytes into chunks at these places. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  // Copies: with views, a reader that looks beyond its chunk would see bytes that have not arrived.
  return at.slice(1).map((end, index) => bytes.slice(at[index], end));
}

/** Records in the form of {@link MadeBlock.expected}. */
export function describe(records: readonly CaptureRecord[]): object[] {
  let interfaces: CaptureInterface[] = [];
  return records.map((record) => {
    if (record.type === 'section') interfaces = [];
    if (record.type === 'interface') interfaces.push(record);
    return describeOne(record, interfaces);
  });
}

function describeOne(record: CaptureRecord, interfaces: CaptureInterface[]): object {
  const plain =
    'options' in record ? { options: record.options.map(({ code, value }) => ({ code, value: hex(value) })) } : {};
  if (record.type === 'interface')
    return { type: 'interface', linkType: record.linkType, snaplen: record.snaplen, ...plain };
  if (record.type === 'names')
    return { type: 'names', entries: record.entries.map(({ code, value }) => ({ code, value: hex(value) })), ...plain };
  return {
    ...record,
    ...plain,
    ...('interface' in record ? { id: interfaces.indexOf(record.interface), interface: undefined } : {}),
    ...('data' in record ? { data: hex(record.data) } : {}),
    ...('body' in record ? { body: hex(record.body) } : {}),
  };
}

/** Reads all records of these chunks, and how many bytes are left at the end. */
export function readAll(chunks: readonly Uint8Array[]): { records: CaptureRecord[]; bytesLeft: number | undefined } {
  const reader = createCaptureReader('test');
  const records = chunks.flatMap((chunk) => [...reader.push(chunk)]);
  return { records, bytesLeft: reader.end()?.bytesLeft };
}

export function sourceOf(
  bytes: Uint8Array | readonly Uint8Array[],
  more: Omit<CaptureSource, 'data' | 'name'> & { readonly name?: string } = {},
): CaptureSource {
  const chunks = bytes instanceof Uint8Array ? [bytes] : bytes;
  return {
    name: 'test',
    ...more,
    data: (async function* chunkByChunk() {
      for (const chunk of chunks) yield chunk;
    })(),
  };
}

export async function merged(sources: readonly CaptureSource[], how?: MergeOptions): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of mergeFiles(sources, how)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** What a cut gives for bytes in pieces. */
export function cutBytes(chunks: readonly Uint8Array[], window: TimeWindow): { out: Buffer; counts: CutCounts } {
  const cutter = createCaptureCutter('test', window);
  const out = Buffer.concat(chunks.map((chunk) => cutter.push(chunk)));
  return { out, counts: cutter.end() };
}
