import { describe, expect, test } from 'vitest';
import { windowOfFlags } from '../../../../src/cli/flags/windowFlags.ts';

describe('a window', () => {
  test.each([
    [{ last: '10m' }, { from: { secondsAgo: 600 }, to: { secondsAgo: 0 } }],
    [{ since: '1h30m' }, { from: { secondsAgo: 5400 }, to: { secondsAgo: 0 } }],
    [
      { since: '2h', to: '1h' },
      { from: { secondsAgo: 7200 }, to: { secondsAgo: 3600 } },
    ],
    [
      { since: '2026-01-01T01:00:00.5+01:00', to: '2026-01-01T00:00:01Z' },
      { from: { at: 1_767_225_600_500_000_000n }, to: { at: 1_767_225_601_000_000_000n } },
    ],
  ])('of %o', (flags, window) => {
    expect(windowOfFlags(flags)).toMatchObject(window);
  });

  test('is undefined without flags', () => {
    expect(windowOfFlags({})).toBe(undefined);
  });

  test.each([
    [{ last: '10m', since: '1h' }, '--last excludes --since and --to', '--last'],
    [{ last: '10' }, '"10" is not a duration such as 10m', '--last'],
    [{ last: '0s' }, '"0s" is not a duration such as 10m', '--last'],
    [{ to: '1h' }, '--to needs --since', '--to'],
    [{ since: 'yesterday' }, '"yesterday" is neither a time such as', '--since'],
    [{ since: '1795921500' }, 'is neither a time', '--since'],
    [{ since: '2026-01-01T00:00:00' }, 'does not say in which time zone', '--since'],
    [{ since: '2999-01-01T00:00:00Z' }, '2999-01-01T00:00:00Z lies in the future', '--since'],
    [
      { since: '2026-01-01T01:00:00Z', to: '2026-01-01T01:30:00+01:00' },
      'the window would end at 2026-01-01T00:30:00Z, before it begins at 2026-01-01T01:00:00Z',
      '--to',
    ],
    [{ since: '1h', to: '2h' }, 'the window would end at', '--to'],
    [{ since: '2026-02-30T00:00:00Z' }, 'is neither a time', '--since'],
  ])('of %o is refused: %s', (flags, message, where) => {
    expect(() => windowOfFlags(flags)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message), where }),
    );
  });

  test('without a time zone is refused with both forms that have one', () => {
    expect(() => windowOfFlags({ since: '2026-01-01T00:00:00' })).toThrow(
      expect.objectContaining({
        hint: 'Add Z for UTC, 2026-01-01T00:00:00Z, or an offset: 2026-01-01T00:00:00+01:00.',
      }),
    );
  });
});
