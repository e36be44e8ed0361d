import { describe, expect, test } from 'vitest';
import type { Pair, Summary } from '../../../../src/summary/index.ts';
import { drawMap } from '../../../../src/summary/map/svg.ts';
import { shopCapture } from '../../../support/summary/hosts.ts';
import { summaryOf } from '../../../support/summary/read.ts';

const empty = summaryOf([]);

function pairs(...some: readonly (readonly [client: string, server: string, more?: Partial<Pair>])[]): Summary {
  return {
    ...empty,
    pairs: some.map(([client, server, more = {}]) => ({
      client: { address: '10.0.0.1', name: client },
      server: { address: '10.0.0.2', name: server },
      protocols: ['tcp/80'],
      conversations: 1,
      packets: 2,
      bytes: 2000,
      errors: [],
      ...more,
    })),
  };
}

interface DrawnBox {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function boxesOf(svg: string): DrawnBox[] {
  const found = svg.matchAll(
    /<g><title>([^<]*)<\/title><rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g,
  );
  return [...found].map(([, label = '', x, y, width, height]) => ({
    label,
    x: Number(x),
    y: Number(y),
    width: Number(width),
    height: Number(height),
  }));
}

function overlap(a: DrawnBox, b: DrawnBox): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe('the map', () => {
  test('has clients left of their servers, in as many columns as there are tiers', () => {
    const boxes = boxesOf(drawMap(pairs(['user', 'web'], ['web', 'db'], ['job', 'db'])));
    const at = (label: string): number => boxes.find((box) => box.label === label)?.x ?? -1;
    expect(at('user')).toBeLessThan(at('web'));
    expect(at('web')).toBeLessThan(at('db'));
    // It stands next to what it asks.
    expect(at('job')).toBe(at('web'));
  });

  test('draws hosts that ask each other, and one that asks itself', () => {
    const svg = drawMap(pairs(['a', 'b'], ['b', 'c'], ['c', 'a'], ['c', 'c']));
    expect(boxesOf(svg)).toHaveLength(3);
    expect(svg.match(/marker-end/g)).toHaveLength(4);
  });

  test.each([
    ['3 hosts', 1, 1, 1, 5],
    ['60 hosts', 36, 14, 5, 57],
    ['more than 60 hosts: those with the fewest bytes are one', 100, 20, 5, 61],
  ])('%s: no box lies on another or outside the picture', (_, clients, pods, databases, count) => {
    const svg = drawMap(summaryOf([[shopCapture(clients, pods, databases)]]));
    const boxes = boxesOf(svg);
    expect(boxes).toHaveLength(count);
    const [, width = 0, height = 0] = (/<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg) ?? []).map(Number);
    for (const [index, box] of boxes.entries()) {
      expect(box.x + box.width <= width && box.y + box.height <= height).toBe(true);
      expect(boxes.slice(index + 1).filter((other) => overlap(box, other))).toEqual([]);
    }
  });

  test('writes errors in red, and lost segments not as errors', () => {
    const svg = drawMap(
      pairs(
        [
          'a',
          'b',
          {
            errors: [
              { what: 'retransmissions', count: 9 },
              { what: 'refused', count: 2 },
            ],
          },
        ],
        ['c', 'd', { errors: [{ what: 'retransmissions', count: 3 }] }],
        ['e', 'f'],
      ),
    );
    expect(svg.match(/<path d="[^"]*" fill="none" stroke="#d13438"/g)).toHaveLength(1);
    expect(svg.match(/<path d="[^"]*" fill="none" stroke="#d9822b"/g)).toHaveLength(1);
    expect(svg).toContain('>refused 2</text>');
    expect(svg).toContain('errors (1)');
  });

  test('says how many pairs it does not show', () => {
    const more = (count: number): Summary => ({
      ...pairs(['a', 'b']),
      others: { ...empty.others, pairs: { pairs: count, conversations: count, packets: 2048, bytes: 1_048_576 } },
    });
    expect(drawMap(more(192))).toContain('>and 192 more pairs of hosts, not drawn: 2048 packets, 1.0Mi bytes</text>');
    expect(drawMap(more(1))).toContain('>and 1 more pair of hosts, not drawn');
    expect(drawMap(more(0))).not.toContain('more pair');
    const [moved, usual] = [boxesOf(drawMap(more(2))), boxesOf(drawMap(more(0)))];
    expect(moved[0]?.y).toBeGreaterThan(usual[0]?.y ?? 0);
  });

  test('has colours for a dark theme, and those of a light one without a style sheet', () => {
    const svg = drawMap(pairs(['a', 'b'], ['c', 'd', { errors: [{ what: 'refused', count: 1 }] }]));
    const dark = /<style>@media \(prefers-color-scheme: dark\) \{([^]*?)<\/style>/.exec(svg)?.[1] ?? '';
    const drawn = svg.replace(/<style>[^]*<\/style>/, '');
    for (const name of ['page', 'host', 'more', 'on-line']) {
      expect(dark).toContain(`.${name} {`);
      expect(drawn).toMatch(new RegExp(`class="(?:[^"]* )?${name}[ "]`));
    }
    expect(drawn.match(/<(?:rect|text class)[^>]*>/g)?.filter((tag) => !tag.includes('fill="#'))).toEqual([]);
  });

  test('is the same for the same capture', () => {
    const bytes = shopCapture(36, 14, 5);
    expect(drawMap(summaryOf([[bytes]]))).toBe(drawMap(summaryOf([[bytes]])));
  });

  test('lets no name of others become markup', () => {
    const svg = drawMap(pairs(['<script>alert("1")</script>', 'a&b\u0000\u001b[2J']));
    expect(svg).not.toContain('<script');
    expect(svg).toContain('a&amp;b');
    expect(svg).not.toContain('\u001b');
    expect(svg).not.toContain('\u0000');
  });

  test('of a capture without packets has just its head', () => {
    expect(drawMap(empty)).toContain('0 hosts');
  });
});
