import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createLiveMerge,
  type CaptureRecord,
  type Labeller,
  type LiveMerge,
  type LiveSource,
} from '../../../src/pcapng/index.ts';
import {
  interfaceBlock,
  packetBlock,
  pcapHeader,
  pcapPacket,
  sectionBlock,
} from '../../support/pcapng/captureBytes.ts';
import { readAll } from '../../support/pcapng/captureFiles.ts';

const windowMs = 200;
const mostBytes = 1_000_000;
const named =
  (name: string): Labeller =>
  () => ({ name });
const head = (): Uint8Array =>
  Buffer.concat([sectionBlock(true), interfaceBlock(true, 1, 0, [{ code: 9, value: Uint8Array.of(9) }])]);
/** A packet; its time is in milliseconds here and in nanoseconds in the file. */
const packet = (time: number, mark = 0, length = 1): Uint8Array =>
  packetBlock(true, 0, BigInt(Math.round(time * 1e6)), new Uint8Array(length).fill(mark));

function started(merge: LiveMerge, name: string): LiveSource {
  const source = merge.add(name, named(name));
  source.push(head(), 0);
  return source;
}

function times(records: readonly CaptureRecord[]): number[] {
  return records.flatMap((record) => (record.type === 'packet' ? [Number(record.ticks) / 1e6] : []));
}

interface Sent {
  readonly source: number;
  readonly time: number;
  readonly delay: number;
}

const sent = (longestDelay: number): fc.Arbitrary<Sent[]> =>
  fc.array(
    fc.record({ source: fc.nat({ max: 3 }), time: fc.nat({ max: 3000 }), delay: fc.nat({ max: longestDelay }) }),
    { maxLength: 40 },
  );

/**
 * Sends packets that arrive after a delay, and takes what is due every `step` ms.
 * @returns each piece of output with the time when it was taken
 */
function play(all: readonly Sent[], step: number): { merge: LiveMerge; pieces: { now: number; bytes: Uint8Array }[] } {
  const merge = createLiveMerge({ windowMs, mostBytes });
  const sources = [0, 1, 2, 3].map((index) => started(merge, `ns/pod-${index}:eth0`));
  const arrivals = all.toSorted((a, b) => a.time + a.delay - (b.time + b.delay));
  const pieces: { now: number; bytes: Uint8Array }[] = [];
  let next = 0;
  for (let now = 0; now <= 4000; now += step) {
    for (let item = arrivals[next]; item !== undefined && item.time + item.delay <= now; item = arrivals[next]) {
      sources[item.source]?.push(packet(item.time, item.source), item.time + item.delay);
      next += 1;
    }
    pieces.push({ now, bytes: merge.take(now) });
  }
  pieces.push({ now: 4000, bytes: merge.takeAll() });
  return { merge, pieces };
}

test('packets that arrive within the window are written in order of time', () => {
  fc.assert(
    fc.property(sent(windowMs), fc.constantFrom(1, 20, 50), (all, step) => {
      const { merge, pieces } = play(all, step);
      const { records, bytesLeft } = readAll(pieces.map(({ bytes }) => bytes));
      expect(bytesLeft).toBeUndefined();
      expect(times(records)).toEqual(all.map(({ time }) => time).toSorted((a, b) => a - b));
      expect(merge.counts).toEqual({ packets: all.length, late: 0 });
    }),
    { numRuns: 100 },
  );
});

test('packets that arrive after the window are written and counted as late', () => {
  fc.assert(
    fc.property(sent(900), (all) => {
      const { merge, pieces } = play(all, 20);
      const found = times(readAll(pieces.map(({ bytes }) => bytes)).records);
      expect(found.toSorted((a, b) => a - b)).toEqual(all.map(({ time }) => time).toSorted((a, b) => a - b));
      let latest = -1;
      const late = found.filter((time) => {
        const behind = time < latest;
        latest = Math.max(latest, time);
        return behind;
      });
      expect(merge.counts).toEqual({ packets: all.length, late: late.length });
    }),
    { numRuns: 100 },
  );
});

test('no packet waits longer than the window, whatever other sources send', () => {
  fc.assert(
    fc.property(sent(900), (all) => {
      const { pieces } = play(all, 4);
      const arrivals = all.map(({ time, delay }) => time + delay);
      let written = 0;
      for (const { now, bytes } of pieces.slice(0, -1)) {
        for (let at = 0; at < bytes.length; at += new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 4, true))
          written += new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true) === 6 ? 1 : 0;
        expect(written).toBeGreaterThanOrEqual(arrivals.filter((arrived) => arrived + windowMs <= now).length);
      }
    }),
    { numRuns: 50 },
  );
});

test('the header is written at once, an interface when its source describes it, and each only once', () => {
  const merge = createLiveMerge({ application: 'test', windowMs, mostBytes });
  expect(readAll([merge.take(0)]).records.map(({ type }) => type)).toEqual(['section']);
  expect(merge.take(1)).toHaveLength(0);
  const source = merge.add('ns/pod:eth0', () => ({ name: 'ns/pod:eth0', description: 'node=one' }));
  source.push(pcapHeader(true, 0xa1b23c4d, 1, 96), 5);
  const described = readAll([sectionBlock(true), merge.take(5)]).records;
  expect(described).toMatchObject([
    { type: 'section' },
    { type: 'interface', name: 'ns/pod:eth0', description: 'node=one', snaplen: 96, resolution: { exponent: 9 } },
  ]);
  source.push(pcapPacket(true, 1, 5, Uint8Array.of(7)), 6);
  expect(merge.take(205)).toHaveLength(0);
  expect(merge.take(206).length).toBeGreaterThan(0);
  expect(source.packets).toBe(1);
});

test('a source that connects again keeps its interface; another link type makes a new one', () => {
  const merge = createLiveMerge({ windowMs, mostBytes });
  for (const network of [1, 1, 113]) {
    const source = merge.add('ns/pod:eth0', named('ns/pod:eth0'));
    source.push(pcapHeader(true, 0xa1b23c4d, network), 0);
    expect(source.end()).toBeUndefined();
  }
  expect(
    readAll([merge.takeAll()]).records.map((record) =>
      record.type === 'interface' ? [record.name, record.linkType] : record.type,
    ),
  ).toEqual(['section', ['ns/pod:eth0', 1], ['ns/pod:eth0', 113]]);
});

test('a damaged source fails without affecting others, and its packets before the damage are kept', () => {
  const merge = createLiveMerge({ windowMs, mostBytes });
  const [good, bad] = [started(merge, 'good'), started(merge, 'bad')];
  expect(() => bad.push(Buffer.concat([packet(1, 1), new Uint8Array(12)]), 1)).toThrow(
    expect.objectContaining({ code: 'CAPTURE_INVALID' }),
  );
  good.push(packet(2, 2), 2);
  good.push(packet(3, 3).subarray(0, 20), 3);
  expect(good.end()).toEqual({ bytesLeft: 20 });
  expect(times(readAll([merge.takeAll()]).records)).toEqual([1, 2]);
});

test('the earliest packets are written at once when too many bytes wait', () => {
  const merge = createLiveMerge({ windowMs, mostBytes: 10 * (1000 + 256) });
  const source = started(merge, 'fast');
  merge.take(0);
  for (let index = 0; index < 100; index += 1) source.push(packet(1000 - index, 0, 1000), 0);
  // The last ten wait. Each of the others was earlier than the first packet that was written.
  const early = readAll([head(), merge.take(0)]).records;
  expect(times(early)).toHaveLength(90);
  expect(merge.counts.packets).toBe(90);
  expect(times(readAll([head(), merge.takeAll()]).records)).toHaveLength(10);
  expect(merge.counts).toEqual({ packets: 100, late: 99 - 10 });
});
