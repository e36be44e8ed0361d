import { escapeXml } from './xml.ts';

/** One bar: what it is, how long, and what stands at its end. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly text: string;
  /** Ours has the strong colour. */
  readonly own?: boolean;
}

/** Bars that are compared with each other, below a heading. */
export interface BarGroup {
  readonly heading: string;
  readonly bars: readonly Bar[];
}

const width = 880;
const left = 330;
/** Pixels of the longest bar. */
const longest = 360;
const row = 26;

/**
 * Horizontal bars as SVG, on white. Each group has a scale of its own, because its unit is its own. Pure.
 * @param title also for screen readers
 * @param note what the picture does not show, below it
 */
export function drawBars(title: string, groups: readonly BarGroup[], note: string): string {
  const lines: string[] = [];
  let y = 62;
  for (const { heading, bars } of groups) {
    lines.push(`<text x="24" y="${y}" font-weight="600" fill="#1f2328">${escapeXml(heading)}</text>`);
    y += 12;
    const most = Math.max(...bars.map(({ value }) => value));
    for (const { name, value, text, own } of bars) {
      const length = Math.max(2, Math.round((value / most) * longest));
      lines.push(
        `<text x="${left - 12}" y="${y + 16}" text-anchor="end" fill="#1f2328" font-size="13">${escapeXml(name)}</text>`,
        `<rect x="${left}" y="${y + 3}" width="${length}" height="17" rx="2" fill="${own === true ? '#1f5fa8' : '#a9b6c6'}"/>`,
        `<text x="${left + length + 8}" y="${y + 16}" fill="#1f2328" font-size="13">${escapeXml(text)}</text>`,
      );
      y += row;
    }
    y += 24;
  }
  const height = y + 18;
  const description = groups
    .map(({ heading, bars }) => `${heading}: ${bars.map(({ name, text }) => `${name} ${text}`).join(', ')}.`)
    .join(' ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="14">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<desc id="description">${escapeXml(description)}</desc>`,
    `<rect width="${width}" height="${height}" rx="10" fill="#ffffff"/>`,
    `<text x="24" y="34" font-size="16" font-weight="600" fill="#1f2328">${escapeXml(title)}</text>`,
    ...lines,
    `<text x="24" y="${height - 16}" font-size="12" fill="#57606a">${escapeXml(note)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}
