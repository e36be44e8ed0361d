import { median, type Figure } from '../figure.ts';
import type { Program } from './captures.ts';
import type { Cell } from './cells.ts';
import type { Kind } from './traffic.ts';

/** The rows about the highest rates without a loss. */
export function rateFigures(cells: readonly Cell[]): Figure[] {
  return [
    ...cells.map(rateFigure),
    ratioFigure(cells),
    ...cells
      .filter(({ kind, cores }) => kind.protocol === 'udp' && kind.size === 1400 && cores === 0.25)
      .map(gigabitFigure),
  ];
}

const megabits = ({ size }: Kind, rate: number): number => (rate * size * 8) / 1e6;
const ratio = ({ ceilings }: Cell): number => ceilings.agent.rate / ceilings.tcpdump.rate;

function formatRate({ kind, ceilings }: Cell, program: Program): string {
  const { rate, atLeast } = ceilings[program];
  if (rate === 0) return 'none found';
  return `${atLeast ? 'at least ' : ''}${(rate / 1000).toFixed(1)} thousand a second (${megabits(kind, rate).toFixed(0)} Mbit/s)`;
}

function rateFigure(cell: Cell): Figure {
  return {
    what: `${cell.kind.name}, all of them stored, at a CPU limit of ${cell.cores * 1000}m`,
    measured: `${formatRate(cell, 'agent')}${cell.ceilings.tcpdump.rate > 0 ? `, ratio ${ratio(cell).toFixed(2)}` : ''}`,
    goal: 'ratio at least 1',
    beside: `bare tcpdump ${formatRate(cell, 'tcpdump')}`,
  };
}

/** Where tcpdump stores all that the sender can do, there is nothing to compare. */
function ratioFigure(cells: readonly Cell[]): Figure {
  const compared = cells.filter(({ ceilings }) => ceilings.tcpdump.rate > 0 && !ceilings.tcpdump.atLeast);
  const row = {
    what: `the rates above, over those of bare tcpdump, where the sender was not the limit (${compared.length} of ${cells.length})`,
    goal: 'at least 1',
    beside: '',
  };
  if (compared.length === 0) return { ...row, measured: 'nothing to compare' };
  const ratios = compared.map(ratio);
  return { ...row, measured: `median ${median(ratios).toFixed(2)}, lowest ${Math.min(...ratios).toFixed(2)}` };
}

function gigabitFigure(cell: Cell): Figure {
  const of = (program: Program): string =>
    `${cell.ceilings[program].atLeast ? 'at least ' : ''}${megabits(cell.kind, cell.ceilings[program].rate).toFixed(0)} Mbit/s`;
  return {
    what: 'UDP of 1400 bytes without a loss at 250m',
    measured: of('agent'),
    goal: '1000 Mbit/s',
    beside: `bare tcpdump ${of('tcpdump')}`,
  };
}
