import { axis, label, legend, writePlot } from '../plot.ts';
import { obstacles, type Obstacle } from './creation.ts';

/** Requests a second over those of the bare server, at 1 and at 16 connections. */
export interface Throughput {
  readonly name: string;
  readonly ratios: readonly [number, number];
}

/**
 * Injectors of others, at their newest release with default settings: measured once beside the same bare server (6704
 * and 13161 requests a second), by the same load.
 */
export const others: readonly Throughput[] = [
  { name: 'kube-sidecar-injector', ratios: [2958 / 6704, 5345 / 13_161] },
  { name: 'vault-k8s', ratios: [1994 / 6704, 3403 / 13_161] },
  { name: 'istio', ratios: [280 / 6704, 391 / 13_161] },
  { name: 'linkerd', ratios: [102 / 6704, 157 / 13_161] },
];

export async function plotThroughput(rows: readonly Throughput[]): Promise<void> {
  const inOrder = rows.toReversed();
  const series = (name: string, index: 0 | 1): object => ({
    name,
    type: 'bar',
    data: inOrder.map(({ ratios }) => Math.round(ratios[index] * 100) / 100),
    label: { show: true, position: 'right', ...label },
  });
  await writePlot(
    new URL('../../../../docs/injector-throughput.svg', import.meta.url),
    { width: 720, height: 320 },
    {
      title: {
        text: 'Reviews a second, as a share of a bare HTTPS server',
        left: 0,
        textStyle: { ...label, fontSize: 14 },
      },
      legend,
      grid: { left: 160, right: 50, top: 70, bottom: 30 },
      xAxis: axis({ type: 'value', min: 0, max: Math.max(1, ...rows.flatMap(({ ratios }) => ratios)) }),
      yAxis: axis({ type: 'category', data: inOrder.map(({ name }) => name) }),
      series: [series('1 connection', 0), series('16 connections', 1)],
    },
  );
}

/** For each way the share of creations that took at most so many milliseconds. */
export async function plotCreations(times: Readonly<Record<Obstacle, readonly number[]>>): Promise<void> {
  const shares = Array.from({ length: 99 }, (_, index) => index + 1);
  const curve = (obstacle: Obstacle): object => {
    const sorted = times[obstacle].toSorted((a, b) => a - b);
    return {
      name: obstacle,
      type: 'line',
      showSymbol: false,
      data: shares.map((share) => [sorted[Math.floor((share / 100) * sorted.length)] ?? 0, share]),
    };
  };
  await writePlot(
    new URL('../../../../docs/pod-creation.svg', import.meta.url),
    { width: 720, height: 320 },
    {
      title: { text: 'Time to create a pod, as its client sees it', left: 0, textStyle: { ...label, fontSize: 14 } },
      legend,
      grid: { left: 60, right: 30, top: 70, bottom: 46 },
      xAxis: axis({ type: 'value', name: 'milliseconds', nameLocation: 'middle', nameGap: 28, min: 0 }),
      yAxis: axis({ type: 'value', name: '% of the pods', nameLocation: 'middle', nameGap: 36, min: 0, max: 100 }),
      series: obstacles.map(curve),
    },
  );
}
