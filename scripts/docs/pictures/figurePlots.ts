import { drawBars, type Bar, type BarGroup } from './bars.ts';

/** A number at the beginning of a text, and what follows it: `23.9 MB`. */
const amount = /^(?:at least )?([\d.]+) (?:MB|s|cores)/;

/**
 * The plots of docs/figures.md, from its own tables, so that a new run of the bench changes both.
 * @param figures text of docs/figures.md
 * @returns SVG by path from the root of the project
 * @throws Error when a row that is drawn is gone
 */
export function figurePlots(figures: string): Map<string, string> {
  const rows = figures
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '));
  const cells = (what: string): readonly string[] => {
    const row = rows.find(([first]) => first === what);
    if (row === undefined) throw new Error(`docs/figures.md has no row "${what}", which a plot shows`);
    return row;
  };
  const own = (what: string, name: string): Bar => bar(name, cells(what)[1] ?? '', true);
  const beside = (what: string, name: string): Bar => {
    const found = (cells(what)[3] ?? '').split(/[,;] /).find((part) => part.startsWith(name)) ?? '';
    return bar(name, found.slice(name.length + 1));
  };

  const image = "the agent's image, compressed";
  const slim = 'the same without rclone, `-slim`';
  const large = 'CPU for a million packets of 1400 bytes, 20,000 a second';
  const small = 'CPU for a million packets of 64 bytes, 20,000 a second';
  const inject = '`inject` of 500 Deployments in one file (0.70 MB), whole command';
  const cpu = (what: string, heading: string): BarGroup => ({
    heading,
    bars: [own(what, 'the agent'), beside(what, 'bare tcpdump'), beside(what, 'bare dumpcap')],
  });
  return new Map([
    [
      'docs/costs.svg',
      drawBars(
        'What it costs',
        [
          cpu(large, 'CPU seconds for a million packets of 1400 bytes'),
          cpu(small, 'CPU seconds for a million packets of 64 bytes'),
          {
            heading: 'Size of the image, compressed',
            bars: [
              own(image, 'the agent'),
              own(slim, 'the agent without rclone'),
              beside(image, "Debian trixie's minimal base alone"),
            ],
          },
          {
            heading: 'Time for 500 Deployments',
            bars: [own(inject, 'packet-capture inject'), beside(inject, '`kubectl label --local -o yaml`')],
          },
        ],
        'Shorter is better. Each group is of one run on one machine; the scale differs from group to group.',
      ),
    ],
  ]);
}

function bar(name: string, text: string, isOwn = false): Bar {
  const [shown, value] = amount.exec(text) ?? [];
  if (shown === undefined) throw new Error(`docs/figures.md has no amount for ${name}: ${text}`);
  return { name: name.replaceAll('`', ''), value: Number(value), text: shown, own: isOwn };
}
