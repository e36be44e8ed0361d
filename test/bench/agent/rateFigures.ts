import { median, type Figure } from '../figure.ts';
import type { Program } from './captures.ts';
import type { Cell } from './cells.ts';
import type { Kind } from './traffic.ts';

/** The rows about the highest rates without a loss. */
export function rateFigures(cells: readonly Cell[]): Figure[] {
  return [...cells.map(rateFigure), ratioFigure(cells), ...cells.filter(({ kind, cores }) => kind.protocol === 'udp' && kind.size === 1400 && cores === 0.25).map(gigabitFigure)];
}

const megabits = ({ size }: Kind, rate: number): number => (rate * size * 8) / 1e6;
const ratio = ({ ceilings }: Cell, program: Program, to: Program = 'dumpcap'): number => ceilings[program].rate / ceilings[to].rate;

function formatRate({ kind, ceilings }: Cell, program: Program): string {
  const { rate, atLeast } = ceilings[program];
  if (rate === 0) return 'none found';
  return `${atLeast ? 'at least ' : ''}${(rate / 1000).toFixed(1)} thousand a second (${megabits(kind, rate).toFixed(0)} Mbit/s)`;
}

function rateFigure(cell: Cell): Figure {
  return {
    what: `${cell.kind.name}, all of them stored, at a CPU limit of ${cell.cores * 1000}m`,
    measured: `${formatRate(cell, 'agent')}${cell.ceilings.before.rate > 0 ? `, ratio ${ratio(cell, 'agent', 'before').toFixed(2)}` : ''}`,
    goal: 'at least that of the agent in shell',
    beside: `the agent in shell ${formatRate(cell, 'before')}; bare dumpcap ${formatRate(cell, 'dumpcap')}; bare tcpdump ${formatRate(cell, 'tcpdump')}`,
  };
}

/** Where bare dumpcap stores all that the sender can do, there is nothing to compare. */
function ratioFigure(cells: readonly Cell[]): Figure {
  const compared = cells.filter(({ ceilings }) => ceilings.dumpcap.rate > 0 && !ceilings.dumpcap.atLeast);
  const row = { what: `the rates above, over those of bare dumpcap, where the sender was not the limit (${compared.length} of ${cells.length})`, goal: 'at least 0.97' };
  if (compared.length === 0) return { ...row, measured: 'nothing to compare', beside: '' };
  const of = (program: Program): number[] => compared.map((cell) => ratio(cell, program));
  return { ...row, measured: `median ${median(of('agent')).toFixed(2)}, lowest ${Math.min(...of('agent')).toFixed(2)}`, beside: `the agent in shell, median ${median(of('before')).toFixed(2)}; bare tcpdump, median ${median(of('tcpdump')).toFixed(2)}` };
}

function gigabitFigure(cell: Cell): Figure {
  const of = (program: Program): string => `${cell.ceilings[program].atLeast ? 'at least ' : ''}${megabits(cell.kind, cell.ceilings[program].rate).toFixed(0)} Mbit/s`;
  return { what: 'UDP of 1400 bytes without a loss at 250m', measured: of('agent'), goal: '1000 Mbit/s', beside: `the agent in shell ${of('before')}, bare dumpcap ${of('dumpcap')}, bare tcpdump ${of('tcpdump')}` };
}
