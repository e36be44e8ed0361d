import { machineAndDate, type Findings } from '../figure.ts';
import { axis, label, legend, writePlot } from '../plot.ts';
import type { Program } from './captures.ts';
import { kinds, limits, type Cell } from './cells.ts';

/** The one to compare with comes first. */
const bars: readonly (readonly [Program, string])[] = [
  ['tcpdump', 'bare tcpdump'],
  ['agent', 'the agent'],
];

/** For each kind of traffic the highest rates without a loss, by the CPU limit. */
export async function plotRates(cells: readonly Cell[]): Promise<Findings['plots'][number]> {
  const [title, file] = ['Packets stored without a loss, in thousands a second, by CPU limit', 'agent-rates.svg'];
  const columns = kinds.map((kind, column) => ({
    kind,
    left: 50 + column * 304,
    own: cells.filter((cell) => cell.kind.name === kind.name),
  }));
  await writePlot(
    new URL(`../../../../docs/${file}`, import.meta.url),
    { width: 960, height: 360 },
    {
      title: [
        { text: title, left: 0, textStyle: { ...label, fontSize: 14 } },
        {
          text: `Pale: the sender could do no more. ${machineAndDate()}`,
          left: 0,
          bottom: 0,
          textStyle: { ...label, fontSize: 11, fontWeight: 'normal' as const },
        },
        ...columns.map(({ kind, left }) => ({
          text: kind.name,
          left,
          top: 64,
          textStyle: { ...label, fontSize: 12, fontWeight: 'normal' as const },
        })),
      ],
      legend,
      grid: columns.map(({ left }) => ({ left, width: 256, top: 92, bottom: 56 })),
      xAxis: columns.map((_, gridIndex) =>
        axis({
          gridIndex,
          type: 'category' as const,
          data: limits.map((cores) => (cores < 1 ? `${cores * 1000}m` : String(cores))),
          axisTick: { show: false },
        }),
      ),
      yAxis: columns.map((_, gridIndex) => axis({ gridIndex, type: 'value' as const, min: 0, splitNumber: 4 })),
      series: columns.flatMap(({ own }, column) =>
        bars.map(([program, name]) => ({
          name,
          type: 'bar' as const,
          xAxisIndex: column,
          yAxisIndex: column,
          data: own.map(
            ({
              ceilings: {
                [program]: { rate, atLeast },
              },
            }) => ({ value: Math.round(rate / 100) / 10, itemStyle: { opacity: atLeast ? 0.45 : 1 } }),
          ),
        })),
      ),
    },
  );
  return { title, file };
}
