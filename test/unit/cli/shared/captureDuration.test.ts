import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { captureDuration } from '../../../../src/cli/shared/captureDuration.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the time counts from when all captures have begun, not from the command, and not from later captures', () => {
  const { over, begun, allBegun } = captureDuration('10s');
  allBegun();
  vi.advanceTimersByTime(20_000);
  begun();
  vi.advanceTimersByTime(15_000);
  begun();
  // It is told a moment later.
  vi.advanceTimersByTime(500);
  allBegun();
  vi.advanceTimersByTime(9000);
  begun();
  allBegun();
  vi.advanceTimersByTime(499);
  expect(over.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(over.aborted).toBe(true);
});

test('a capture that never begins is waited for half a minute', () => {
  const { over, begun } = captureDuration('10s');
  begun();
  vi.advanceTimersByTime(39_999);
  expect(over.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(over.aborted).toBe(true);
});

test.each([
  ['2s', 30_000],
  ['1m', 60_000],
])('without a capture --duration %s is over after %i ms', (duration, milliseconds) => {
  const { over } = captureDuration(duration);
  vi.advanceTimersByTime(milliseconds - 1);
  expect(over.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(over.aborted).toBe(true);
});

test('without a duration it is never over, and nothing keeps the program running', () => {
  const { over, begun } = captureDuration(undefined);
  begun();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1e9);
  expect(over.aborted).toBe(false);
});

test('a time that is longer than a timer can be does not end at once', () => {
  const { over, begun, end } = captureDuration('10000h');
  begun();
  vi.advanceTimersByTime(3_600_000);
  expect(over.aborted).toBe(false);
  end();
  expect(vi.getTimerCount()).toBe(0);
});
