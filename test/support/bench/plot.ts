import { writeFile } from 'node:fs/promises';
import * as echarts from 'echarts';

/** The look of all plots: no background of their own, and colours that can be told apart on white and on black. */
const ink = '#808891';
const palette = ['#8a93a0', '#2f9e7d', '#c77d2e', '#5b82d7'];

/** Draws a plot into an SVG file, beside the figures that it shows. */
export async function writePlot(
  file: URL,
  size: { readonly width: number; readonly height: number },
  option: echarts.EChartsOption,
): Promise<void> {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  chart.setOption({
    animation: false,
    color: palette,
    backgroundColor: 'transparent',
    textStyle: { color: ink, fontFamily: 'system-ui, sans-serif' },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  await writeFile(file, `${svg}\n`);
}

/** An axis in the look of all plots. */
export function axis<T extends object>(
  option: T,
): T & {
  readonly axisLabel: object;
  readonly nameTextStyle: object;
  readonly axisLine: object;
  readonly splitLine: object;
} {
  return {
    axisLabel: { color: ink },
    nameTextStyle: { color: ink },
    axisLine: { lineStyle: { color: ink } },
    splitLine: { lineStyle: { color: ink, opacity: 0.25 } },
    ...option,
  };
}

export const label = { color: ink } as const;

/** Below the title. The gaps are wide: how long a text is, nobody knows before a browser has its font. */
export const legend = { left: 0, top: 32, itemGap: 32, itemWidth: 14, icon: 'rect', textStyle: label } as const;
