import { describe, expect, test } from 'vitest';
import type { Summary } from '../../../../src/summary/index.ts';
import { formatMarkdown, formatSummary } from '../../../../src/summary/report/index.ts';
import { shortened, timeText } from '../../../../src/summary/report/quantities.ts';
import { captureOf, createConnection } from '../../../support/summary/captures.ts';
import { summaryOf } from '../../../support/summary/read.ts';

const { frames, open } = createConnection();
open();
const one = summaryOf([[captureOf(frames)]]);

function named(client: string, server: string): Summary {
  const list = one.conversations.list.map((conversation) => ({
    ...conversation,
    client: { ...conversation.client, name: client },
    server: { ...conversation.server, name: server },
  }));
  return { ...one, conversations: { ...one.conversations, list } };
}

test.each([
  [0, '0 µs'],
  [0.0000284, '28 µs'],
  [0.0012, '1.2 ms'],
  [0.0999, '100 ms'],
  [3.44, '3.4 s'],
  [125, '2 m 5 s'],
  [7320, '2 h 2 m'],
])('%f seconds are %s', (seconds, text) => {
  expect(timeText(seconds)).toBe(text);
});

test('a long name is shortened in its middle', () => {
  expect(shortened('shop/web-7d4b9c6f5-x2x5z:48892', 20)).toBe('shop/web-7…x5z:48892');
});

describe('the table', () => {
  test('fits 120 columns with names of any length, by shortening the longest', () => {
    const lines = formatSummary(named(`shop/${'web'.repeat(40)}`, 'shop/db'));
    expect(Math.max(...lines.map((line) => line.length))).toBe(120);
    expect(lines.some((line) => line.includes('shop/db:80'))).toBe(true);
  });

  test('shows no control character of a name, in Markdown no markup either', () => {
    const evil = named('\u001b[2Jweb', '[x](http://evil) <img> |');
    expect(formatSummary(evil).join('\n')).not.toContain('\u001b');
    const markdown = formatMarkdown(evil).join('\n');
    expect(markdown).toContain(String.raw`\[x\](http://evil) \<img\> \|`);
  });
});
