import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codedError, formatError } from '../../src/errors.ts';
import { plainJson, plainLines, plainText } from '../../src/plainText.ts';

/** Whatever a terminal obeys, hides or reorders. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Texts with much of what is unsafe. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\u001B[2J',
        '\u001B]0;pwned\u0007',
        '\u009B2J',
        '\u202E',
        '\u2066',
        '\u200B',
        '\uFEFF',
        '\u2028',
        '\u0085',
        '\r',
        '\n',
        '\t',
        '\u{E0041}',
        '\uD800',
        'a',
      ),
    ),
  )
  .map((parts) => parts.join(''));

describe('plainText', () => {
  test('returns one line, and shows the characters that it replaces', () => {
    expect(plainText(' a\tb\r\nc\u001B]0;title\u0007d\u202Ee\u009B2J\u200B\u{E0041} ')).toBe(
      String.raw`a b c\u001b]0;title\u0007d\u202ee\u009b2J\u200b\udb40\udc41`,
    );
    expect(plainText('añ😀bc', 4)).toBe('añ😀…');
    expect(plainText('añ😀b', 4)).toBe('añ😀b');
    expect(plainText('naïve – 東京 😀')).toBe('naïve – 東京 😀');
  });

  test('works for every text, is idempotent, and keeps the limit of length', () => {
    fc.assert(
      fc.property(hostile, fc.nat({ max: 40 }), (text, length) => {
        const plain = plainText(text);
        expect(plain).not.toMatch(unsafe);
        expect(plainText(plain)).toBe(plain);
        expect(Array.from(plainText(text, length + 1)).length).toBeLessThanOrEqual(length + 1);
      }),
    );
  });

  test('is fast for a text of megabytes', () => {
    const begun = performance.now();
    expect(plainText('\u001B'.repeat(2_000_000), 100)).toHaveLength(100);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

test('plainLines keeps only line breaks, and indents further lines', () => {
  expect(plainLines('one\r\ntwo\tx\u001B[2J\rthree', '  ')).toBe('one\n  two x\\u001b[2J\\u000dthree');
  fc.assert(
    fc.property(hostile, (text) => {
      expect(plainLines(text).replaceAll('\n', '')).not.toMatch(unsafe);
    }),
  );
});

test('plainJson is the same data', () => {
  fc.assert(
    fc.property(
      fc.record({ [`key\u202E`]: hostile, list: fc.array(hostile) }),
      fc.constantFrom(undefined, 2),
      (value, indent) => {
        const text = plainJson(value, indent);
        expect(text.replaceAll('\n', '')).not.toMatch(unsafe);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      },
    ),
  );
});

test('an error is printed safely, whatever its parts contain', () => {
  const error = codedError('KUBECTL_FAILED', 'one\u001B[2J\nerror FAKE: two', {
    where: 'pod/a\u001B]0;x\u0007\nb',
    hint: 'Do\u202E this.',
  });
  expect(formatError(error)).toBe(
    [
      'error KUBECTL_FAILED: one\\u001b[2J',
      '    error FAKE: two',
      '  at pod/a\\u001b]0;x\\u0007 b',
      '  Do\\u202e this.',
    ].join('\n'),
  );
});
