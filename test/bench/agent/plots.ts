import { axis, label, legend, writePlot } from '../plot.ts';
import { programs } from './captures.ts';
import { kinds, limits, type Cell } from './cells.ts';

/** For each kind of traffic the highest rates without a loss, by the CPU limit. */
export async function plotRates(cells: readonly Cell[]): Promise<void> {
  const columns = kinds.map((kind, column) => ({ kind, left: 60 + column * 225, own: cells.filter((cell) => cell.kind === kind) }));
  await writePlot(new URL('../../../docs/agent-rates.svg', import.meta.url), { width: 960, height: 340 }, {
    title: [
      { text: 'Packets stored without a loss, in thousands a second, by CPU limit', left: 0, textStyle: { ...label, fontSize: 14 } },
      ...columns.map(({ kind, left }) => ({ text: kind.name, left, top: 64, textStyle: { ...label, fontSize: 12, fontWeight: 'normal' as const } })),
    ],
    legend,
    grid: columns.map(({ left }) => ({ left, width: 175, top: 90, bottom: 30 })),
    xAxis: columns.map((_, gridIndex) => axis({ gridIndex, type: 'category' as const, data: limits.map((cores) => `${cores * 1000}m`) })),
    yAxis: columns.map((_, gridIndex) => axis({ gridIndex, type: 'value' as const, min: 0 })),
    series: columns.flatMap(({ own }, column) =>
      programs.map((program) => ({
        name: program,
        type: 'bar' as const,
        xAxisIndex: column,
        yAxisIndex: column,
        data: own.map(({ ceilings }) => Math.round(ceilings[program].rate / 100) / 10),
      })),
    ),
  });
}
