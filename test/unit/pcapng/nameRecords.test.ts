import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCodedError } from '../../../src/errors.ts';
import { formatAddress, parseAddress } from '../../../src/pcapng/addresses.ts';
import { createByteWriter } from '../../../src/pcapng/byteWriter.ts';
import { writeNames, writeSection } from '../../../src/pcapng/encode.ts';
import { readNames, type AddressName } from '../../../src/pcapng/index.ts';
import { namesOptions, namesRecord } from '../../../src/pcapng/nameRecords.ts';
import { textOption, type CaptureOption } from '../../../src/pcapng/options.ts';
import type { CaptureNames } from '../../../src/pcapng/records.ts';
import { block, bytesOf, optionBytes, pad, sectionBlock } from '../../support/pcapng/captureBytes.ts';
import { readAll } from '../../support/pcapng/captureFiles.ts';

const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => formatAddress(parseAddress(text) ?? new Uint8Array()));
const name = fc
  .string({ minLength: 1, maxLength: 60, unit: 'binary' })
  .filter((text) => !text.includes('\0') && Buffer.byteLength(text) <= 255);
const names: fc.Arbitrary<AddressName[]> = fc.array(
  fc.record({ address, names: fc.array(name, { minLength: 1, maxLength: 4 }) }),
  { maxLength: 8 },
);
const options = fc.array(fc.tuple(fc.constantFrom(...Object.values(namesOptions)), fc.uint8Array({ maxLength: 20 })), {
  maxLength: 3,
});

function written(record: CaptureNames): Uint8Array {
  const out = createByteWriter();
  writeSection(out, []);
  writeNames(out, record);
  return out.take();
}

function onlyNames(bytes: Uint8Array): CaptureNames {
  const { records, bytesLeft } = readAll([bytes]);
  expect(bytesLeft).toBeUndefined();
  return records.find((record) => record.type === 'names') as CaptureNames;
}

/** None for what is no capture. Another error is thrown. */
function namesOfDamaged(bytes: Uint8Array): readonly AddressName[] {
  try {
    return readNames(onlyNames(bytes));
  } catch (error) {
    if (isCodedError(error) && error.code === 'CAPTURE_INVALID') return [];
    throw error;
  }
}

describe('a Name Resolution Block', () => {
  test('reads as it was written: IPv4 and IPv6, several names, options', () => {
    fc.assert(
      fc.property(names, options, (all, some) => {
        const given = some.map(([code, value]): CaptureOption => ({ code, value }));
        const record = onlyNames(written(namesRecord(all, given)));
        expect(readNames(record)).toEqual(all);
        expect(record.options).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });

  test.each([true, false])('of another program is read, in both byte orders (little-endian: %s)', (little) => {
    const record = (type: number, value: Uint8Array): Uint8Array =>
      bytesOf(little, [2, type], [2, value.length], pad(value));
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    const bytes = Buffer.concat([
      sectionBlock(little),
      block(
        little,
        4,
        record(1, Buffer.concat([Uint8Array.of(10, 0, 0, 1), text('shop/web-1\0web\0')])),
        record(2, Buffer.concat([Uint8Array.of(0xfd, ...Array.from({ length: 14 }, () => 0), 1), text('ü/db')])),
        record(3, Buffer.concat([new Uint8Array(6), text('card\0')])),
        record(4, Buffer.concat([new Uint8Array(8), text('card\0')])),
        [4, 0],
        optionBytes(little, [{ code: namesOptions.serverName, value: 'dns' }]),
      ),
    ]);
    const found = onlyNames(bytes);
    expect(readNames(found)).toEqual([
      { address: '10.0.0.1', names: ['shop/web-1', 'web'] },
      { address: 'fd00::1', names: ['ü/db'] },
    ]);
    expect(found.options).toEqual([textOption(namesOptions.serverName, 'dns')]);
  });

  test('leaves out what no reader could take, and keeps the rest', () => {
    const record = namesRecord([
      { address: 'no address', names: ['a'] },
      { address: '10.0.0.1', names: ['', 'with\0zero', 'x'.repeat(256)] },
      { address: '10.0.0.2', names: [...Array.from({ length: 300 }, (_, at) => `${at}`.padStart(255, '0')), 'last'] },
      { address: '10.0.0.3', names: ['', 'good'] },
    ]);
    const read = readNames(onlyNames(written(record)));
    expect(read.map((one) => [one.address, one.names.length])).toEqual([
      ['10.0.0.2', 256],
      ['10.0.0.3', 1],
    ]);
    expect(read[1]?.names).toEqual(['good']);
  });

  test('of any bytes is read without an error other than CAPTURE_INVALID, and never with an empty name', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.uint8Array({ maxLength: 60 }), (little, body) => {
        const found = namesOfDamaged(Buffer.concat([sectionBlock(little), block(little, 4, body)]));
        for (const one of found) {
          expect(parseAddress(one.address)).toBeDefined();
          expect(one.names.length).toBeGreaterThan(0);
          expect(one.names).not.toContain('');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
