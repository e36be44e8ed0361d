import { describe, expect, test } from 'vitest';
import { createLiveMerge, mergeFiles, type CaptureSource } from '../../../src/pcapng/index.ts';
import { block, interfaceBlock, optionBytes, packetBlock, sectionBlock } from '../../support/pcapng/captureBytes.ts';
import { readAll } from '../../support/pcapng/captureFiles.ts';

const label = ({ name = '' }: { readonly name?: string | undefined }): { name: string } => ({ name: `ns/pod:${name}` });
const start = (): ReturnType<typeof createLiveMerge> => createLiveMerge({ windowMs: 200, mostBytes: 1_000_000 });
const large = (count: number): { code: number; value: string }[] =>
  Array.from({ length: count }, (_, index) => ({ code: 100 + index, value: 'x'.repeat(60_000) }));
const described = (name: string, options = large(1)): Uint8Array =>
  interfaceBlock(true, 1, 0, [{ code: 2, value: name }, ...options]);

describe('a source that describes interfaces without end', () => {
  test('is refused after 256 interfaces, and the other sources go on', () => {
    const merge = start();
    const [bad, good] = [merge.add('ns/bad', label), merge.add('ns/good', label)];
    bad.push(sectionBlock(true), 0);
    for (let index = 0; index < 256; index += 1) bad.push(described(`if${index}`), 0);
    expect(() => bad.push(described('one more'), 0)).toThrow('the capture describes more than 256 interfaces');
    good.push(Buffer.concat([sectionBlock(true), described('eth0'), packetBlock(true, 0, 1n, Uint8Array.of(1))]), 0);
    const { records } = readAll([merge.takeAll()]);
    expect(records.filter(({ type }) => type === 'interface')).toHaveLength(257);
    expect(records.filter(({ type }) => type === 'packet')).toHaveLength(1);
  });

  test('is refused too when each interface is in a section of its own', () => {
    const source = start().add('ns/bad', label);
    expect(() => {
      for (let index = 0; index < 300; index += 1)
        source.push(Buffer.concat([sectionBlock(true), described(`if${index}`)]), 0);
    }).toThrow('more than 256 interfaces');
  });

  test('is refused too when it connects again and again', () => {
    const merge = start();
    const connect = (): void => {
      const source = merge.add('ns/bad', label);
      source.push(sectionBlock(true), 0);
      for (let index = 0; index < 200; index += 1) source.push(described(`if${Math.random()}`), 0);
    };
    connect();
    expect(connect).toThrow('its connections together describe too many interfaces');
    expect(connect).toThrow('its connections together describe too many interfaces');
    expect(readAll([merge.takeAll()]).records.filter(({ type }) => type === 'interface')).toHaveLength(256);
  });
});

test('a live merge bounds what waits, also when packets are empty', () => {
  const merge = start();
  const source = merge.add('ns/pod', label);
  source.push(Buffer.concat([sectionBlock(true), described('eth0')]), 0);
  for (let index = 0; index < 10_000; index += 1) source.push(packetBlock(true, 0, 1n, new Uint8Array(0)), 0);
  expect(10_000 - merge.counts.packets).toBeLessThan(4000);
});

test('a live merge refuses a block larger than any packet as soon as its length arrives', () => {
  const source = start().add('ns/pod', label);
  const head = new Uint8Array(12);
  new DataView(head.buffer).setUint32(0, 6, true);
  new DataView(head.buffer).setUint32(4, 2 * 1024 * 1024, true);
  source.push(sectionBlock(true), 0);
  expect(() => source.push(head, 0)).toThrow('more than 1048576');
});

describe('names, secrets and unknown blocks of one source do not affect the others', () => {
  const names = block(
    true,
    4,
    optionBytes(true, [
      { code: 1, value: Uint8Array.of(93, 184, 216, 34, ...new TextEncoder().encode('evil.com'), 0) },
    ]),
  );
  const secrets = block(true, 10, [4, 0x544c_534b], [4, 4], Uint8Array.of(1, 2, 3, 4));
  const unknown = block(true, 0x7777, Uint8Array.of(1, 2, 3, 4));
  const capture = Buffer.concat([
    sectionBlock(true),
    interfaceBlock(true, 1, 0),
    names,
    secrets,
    unknown,
    packetBlock(true, 0, 1n, Uint8Array.of(1)),
  ]);
  const source = (name: string): CaptureSource => ({
    name,
    data: (async function* data() {
      yield capture;
    })(),
    label,
  });

  async function typesOf(several: boolean): Promise<string[]> {
    const pieces: Uint8Array[] = [];
    for await (const piece of mergeFiles([source('a'), source('b')], { several })) pieces.push(piece);
    return readAll(pieces).records.map(({ type }) => type);
  }

  test('a merge of files with several origins leaves them out', async () => {
    expect(await typesOf(true)).toEqual(['section', 'interface', 'packet', 'packet']);
    expect(
      (await typesOf(false)).filter((type) => type === 'names' || type === 'secrets' || type === 'unknown'),
    ).toHaveLength(6);
  });

  test('a live merge leaves them out', () => {
    const merge = start();
    merge.add('ns/pod', label).push(capture, 0);
    expect(readAll([merge.takeAll()]).records.map(({ type }) => type)).toEqual(['section', 'interface', 'packet']);
  });
});
