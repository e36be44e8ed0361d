import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RemoteFile } from '../../../../src/captures/download/listing.ts';
import { beginsLate, filesOfWindow } from '../../../../src/captures/download/windowFiles.ts';
import type { PodWindow } from '../../../../src/captures/timeWindow.ts';
import { timeInName } from '../../../../src/time.ts';

const second = 1_000_000_000n;
const start = 1_795_921_500n * second;

interface WrittenFile {
  readonly file: RemoteFile;
  /** Times of its packets. */
  readonly packets: readonly bigint[];
}

function fileOpenedAt(time: bigint, number: number): RemoteFile {
  const stamp = timeInName((time / second) * second).replace(/[TZ]/g, '');
  return { name: `web-1_${stamp}_${`${number}`.padStart(5, '0')}.pcapng`, bytes: 1, open: false };
}

/**
 * A ring as the agent writes it: packets are written in order of time, each after it came; a file is opened when the
 * one before is closed or later, and packets that waited for it can be older than it is.
 */
const ring = fc
  .array(
    fc.record({
      pause: fc.bigInt({ min: 0n, max: 5n * second }),
      // While the disk hangs, packets wait for longer than usual.
      waited: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 20n * second })),
      packets: fc.array(fc.bigInt({ min: 0n, max: second }), { minLength: 1, maxLength: 5 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((files) => {
    let packetTime = start;
    let closed = start;
    return files.map(({ pause, waited, packets }, index): WrittenFile => {
      const times = packets.map((gap) => (packetTime += gap));
      packetTime += pause;
      const first = times[0] ?? start;
      const opened = first + waited > closed ? first + waited : closed;
      const last = times.at(-1) ?? start;
      closed = last > opened ? last : opened;
      return { file: fileOpenedAt(opened, index + 1), packets: times };
    });
  });

const windowIn = (files: readonly WrittenFile[]): fc.Arbitrary<PodWindow> => {
  const times = files.flatMap(({ packets }) => packets);
  const bound = fc
    .tuple(fc.constantFrom(...times), fc.bigInt({ min: -3n * second, max: 3n * second }), fc.boolean())
    .map(([time, more, exact]) => (exact ? time : time + more));
  return fc.tuple(bound, bound).map(([a, b]) => ({
    from: a < b ? a : b,
    to: a < b ? b : a,
    ahead: 0,
    clockUnknown: false,
  }));
};

describe('the files of a window', () => {
  test('are those that can have its packets; a later file only if no earlier file has a packet after the window', () => {
    fc.assert(
      fc.property(
        ring.chain((files) => fc.record({ files: fc.constant(files), window: windowIn(files) })),
        ({ files, window }) => {
          const { wanted, late } = filesOfWindow(
            files.map(({ file }) => file),
            'web-1',
            window,
          );
          let passed = false;
          for (const { file, packets } of files) {
            const fetched = wanted.includes(file) || (late.includes(file) && !passed);
            const inside = packets.some((time) => time >= window.from && time < window.to);
            expect(fetched || !inside, `${file.name} has a packet of the window`).toBe(true);
            if (fetched) passed ||= packets.some((time) => time >= window.to);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('are few: of an hour with a file a second, a window of ten seconds needs a dozen', () => {
    const files = Array.from({ length: 3600 }, (_, index) => fileOpenedAt(start + BigInt(index) * second, index + 1));
    const window = { from: start + 1000n * second, to: start + 1010n * second, ahead: 0, clockUnknown: false };
    const { wanted, late } = filesOfWindow(files, 'web-1', window);
    expect(wanted.length).toBeLessThanOrEqual(13);
    expect(late[0]).toBe(files[1012]);
  });

  test('include those whose names do not say when they were opened', () => {
    const files = [{ name: 'mine.pcapng', bytes: 1, open: false }, fileOpenedAt(start, 1), fileOpenedAt(start, 2)];
    const window = { from: start + 5n * second, to: start + 6n * second, ahead: 0, clockUnknown: false };
    expect(filesOfWindow(files, 'web-1', window).wanted).toEqual([files[0], files[2]]);
  });

  test('may begin later than the window, and this is reported', () => {
    const files = [{ name: 'mine.pcapng', bytes: 1, open: false }, fileOpenedAt(start, 1)];
    const window = { from: start, to: start + second, ahead: 0, clockUnknown: false };
    expect(beginsLate(files, 'web-1', window)).toBe(undefined);
    expect(beginsLate(files, 'web-1', { ...window, from: start - 1n })).toBe(start);
    expect(beginsLate([], 'web-1', window)).toBe(undefined);
  });
});
