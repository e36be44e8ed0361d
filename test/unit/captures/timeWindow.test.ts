import { describe, expect, test } from 'vitest';
import { agentClock, agentTimeAt, type Moment } from '../../../src/captures/agentClock.ts';
import { clockText, windowOfPod } from '../../../src/captures/timeWindow.ts';
import { formatTime, parseTime } from '../../../src/time.ts';

const noon = Date.parse('2026-11-29T12:00:00Z');
/** The moment so many milliseconds after noon. */
const at = (milliseconds: number): Moment => ({ wall: noon + milliseconds, steady: 5000 + milliseconds });
const time = (text: string): bigint => parseTime(text) ?? 0n;

describe("an agent's clock", () => {
  test.each([
    ['2026-11-29T12:00:00.050Z', 0],
    ['2026-11-29T12:00:00Z', 0],
    ['2026-11-29T12:00:00.100Z', 0],
    ['2026-11-29T12:00:03.100Z', 3],
    ['2026-11-29T11:59:58.500Z', -1.5],
  ])('that shows %s between noon and 100 ms later is ahead by %d s', (shown, ahead) => {
    expect(agentClock(time(shown), at(0), at(100)).ahead).toBeCloseTo(ahead, 6);
  });

  test('shows the time at which the command began, or a little later', () => {
    const clock = agentClock(time('2026-11-29T12:00:07.080Z'), at(2000), at(2100));
    expect(formatTime(agentTimeAt(clock, at(0)))).toBe('2026-11-29T12:00:05.080Z');
  });
});

describe('the window of a pod', () => {
  const request = { from: { secondsAgo: 600 }, to: { secondsAgo: 0 }, asked: at(0) };

  test("is in its agent's clock, in whole milliseconds, and includes all packets from before the command", () => {
    const clock = agentClock(time('2026-11-29T12:00:30.0000001Z'), at(0), at(0));
    const window = windowOfPod(request, clock);
    expect([window.from, window.to].map(formatTime)).toEqual(['2026-11-29T11:50:30.001Z', '2026-11-29T12:00:30.001Z']);
    expect(clockText(window)).toBe(
      "its clock is 30.0 s ahead of this machine's: the window is 2026-11-29T11:50:30.001Z to 2026-11-29T12:00:30.001Z there",
    );
  });

  test('is the same moment for pods that are asked one after the other', () => {
    const early = agentClock(time('2026-11-29T12:00:00.010Z'), at(10), at(20));
    const late = agentClock(time('2026-11-29T12:03:00.010Z'), at(180_010), at(180_020));
    expect(windowOfPod(request, late)).toEqual(windowOfPod(request, early));
    expect(clockText(windowOfPod(request, early))).toBe(undefined);
  });

  test('has the given times, exact to the nanosecond', () => {
    const named = { from: { at: 1n }, to: { at: 2_000_000_001n }, asked: at(0) };
    expect(windowOfPod(named, undefined)).toMatchObject({ from: 1n, to: 2_000_000_001n });
  });

  test("is in this machine's clock if the agent does not report its own, and that is reported", () => {
    const window = windowOfPod(request, undefined);
    expect(formatTime(window.to)).toBe('2026-11-29T12:00:00Z');
    expect(clockText(window)).toContain("the window is by this machine's");
  });

  test.each([
    [1, false],
    [1.1, true],
    [-1, false],
    [-1.1, true],
  ])('for a clock that is %d s ahead, the note is: %s', (ahead, said) => {
    const clock = { shown: BigInt(noon + ahead * 1000) * 1_000_000n, asked: at(0), ahead };
    expect(clockText(windowOfPod(request, clock)) !== undefined).toBe(said);
  });
});
