import { describe, expect, test } from 'vitest';
import type { Cell } from '../../support/bench/agent/cells.ts';
import { rateFigures } from '../../support/bench/agent/rateFigures.ts';

const kind = { name: 'UDP of 1400 bytes', protocol: 'udp', size: 1400 } as const;
const cell = (cores: number, agent: number, tcpdump: number, atLeast = false): Cell => ({
  kind,
  cores,
  ceilings: { agent: { rate: agent, atLeast }, tcpdump: { rate: tcpdump, atLeast } },
});

describe('the figures of the rates', () => {
  test('compare where the sender was not the limit', () => {
    const rows = rateFigures([cell(0.1, 30_000, 20_000), cell(0.25, 90_000, 100_000), cell(1, 300_000, 300_000, true)]);
    expect(rows.find(({ what }) => what.includes('2 of 3'))).toMatchObject({ measured: 'median 1.20, lowest 0.90' });
  });

  test('report where it was the limit, and where no rate was stored without a loss', () => {
    const rows = rateFigures([cell(1, 300_000, 300_000, true), cell(0.1, 30_000, 0)]);
    expect(rows[0]).toMatchObject({
      measured: expect.stringContaining('at least 300.0 thousand a second (3360 Mbit/s)') as string,
    });
    expect(rows[1]).toMatchObject({
      measured: expect.stringMatching(/^30\.0 thousand a second \(336 Mbit\/s\)$/) as string,
      beside: expect.stringContaining('bare tcpdump none found') as string,
    });
  });

  test('compare a gigabit at 250m with its goal', () => {
    expect(rateFigures([cell(0.1, 1, 1), cell(0.25, 100_000, 50_000)]).at(-1)).toMatchObject({
      measured: '1120 Mbit/s',
      goal: '1000 Mbit/s',
    });
  });
});
