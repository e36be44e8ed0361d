import { describe, expect, test } from 'vitest';
import { coveredBytes } from '../../bench/agent/stored.ts';

describe('the bytes of a connection that were captured', () => {
  test('count once, in whatever order and however often they came', () => {
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
