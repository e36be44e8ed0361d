import { plainText } from '../../plainText.ts';
import { formatBytes } from '../../quantity.ts';
import { countText, shortened, timeText } from '../report/quantities.ts';
import type { Summary } from '../summary.ts';
import { graphOf, type Edge, type Graph, type Host } from './graph.ts';
import { layersOf } from './layers.ts';

/** Hosts that are drawn at most: so many can be read on one page. */
const mostHosts = 60;
const longestLabel = 36;
/** Of the font, 12 pixels high with letters of one width. */
const letter = 7.25;
const box = { height: 36, gap: 12, padding: 8 } as const;
const margin = 24;
const head = 64;
/** Room for the line about pairs that are not drawn. */
const noteHeight = 20;
/** Between columns: room for curves and what is written on them. */
const gutter = 190;
const mostLabels = 24;

interface Box {
  readonly host: Host;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** An edge with the heights at which it leaves and arrives. */
interface Line {
  readonly edge: Edge;
  readonly path: string;
  readonly label: { readonly x: number; readonly y: number };
}

/**
 * A picture of who talks to whom, as SVG: clients left of their servers, lines as wide as their volume, errors in red.
 * The same summary gives the same picture. Pure.
 */
export function drawMap(summary: Summary): string {
  const graph = graphOf(summary, mostHosts);
  const top = head + (summary.others.pairs.pairs === 0 ? 0 : noteHeight);
  const { boxes, width, height } = place(graph, top);
  const lines = linesOf(graph.edges, boxes);
  const labelled = graph.edges.length <= mostLabels;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="12">`,
    darkStyle,
    `<rect class="page" width="${width}" height="${height}" fill="#ffffff"/>`,
    `<defs>${Object.entries(colours).map(marker).join('')}</defs>`,
    ...headLines(summary, graph),
    // What went wrong lies on top.
    ...lines.toSorted((a, b) => rankOf(a.edge) - rankOf(b.edge)).map(drawLine),
    ...boxes.map(drawBox),
    ...lines.filter(({ edge }) => labelled || kindOf(edge) === 'error').map(drawLabel),
    '</svg>',
    '',
  ].join('\n');
}

const colours = { plain: '#8aa0bd', minor: '#d9822b', error: '#d13438' } as const;
/** Of what is written on lines: on white, small letters need more contrast than lines. */
const wordColours = { plain: '#44546a', minor: '#9c5700', error: '#c02a2e' } as const;

/**
 * For viewers with a dark theme. What is drawn has the colours of a light one as attributes, which programs without
 * style sheets show.
 */
const darkStyle = `<style>@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.page { fill: #0d1117 }
.host { fill: #172131; stroke: #7d93b5 }
.rest { fill: #20242b }
.more { fill: #a9b4c2 }
.on-line { stroke: #0d1117 }
.on-line.plain { fill: #b6c4d6 }
.on-line.minor { fill: #f0a35c }
.on-line.error { fill: #ff8a84 }
path[stroke="${colours.error}"] { stroke: #f85149 }
marker path[fill="${colours.error}"] { fill: #f85149 }
}</style>`;

/** Some lost segments are no error. */
function kindOf({ errors }: Edge): keyof typeof colours {
  if (errors.some(({ what }) => what !== 'retransmissions' && what !== 'zero windows')) return 'error';
  return errors.length > 0 ? 'minor' : 'plain';
}

function rankOf(edge: Edge): number {
  return ['plain', 'minor', 'error'].indexOf(kindOf(edge));
}

function marker([name, colour]: readonly [string, string]): string {
  return `<marker id="${name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="${colour}"/></marker>`;
}

function headLines({ packets, bytes, seconds, from, others }: Summary, { hosts, edges }: Graph): string[] {
  const known = hosts.filter(({ isRest }) => !isRest).length;
  const title = `${countText(known, 'host')}, ${countText(packets, 'packet')}, ${formatBytes(bytes)} bytes in ${timeText(seconds)}${from === null ? '' : ` from ${from}`}`;
  const wrong = edges.filter((edge) => kindOf(edge) === 'error').length;
  const legend = [
    ['plain', 'clients left, servers right; width: volume'],
    ['minor', 'segments lost'],
    ['error', `errors (${wrong})`],
  ] as const;
  let x = margin;
  return [
    text(margin, 24, title, 'font-weight="bold"'),
    ...legend.map(([kind, words]) => {
      const drawn = `<path d="M${x} 44h24" stroke="${colours[kind]}" stroke-width="3"/>${text(x + 30, 48, words, 'class="more" fill="#555555"')}`;
      x += 30 + Math.ceil(words.length * letter) + 24;
      return drawn;
    }),
    ...(others.pairs.pairs === 0 ? [] : [text(margin, 48 + noteHeight, moreText(others.pairs), 'fill="#000000"')]),
  ];
}

/** Pairs that were too many to be kept. */
function moreText({ pairs, packets, bytes }: Summary['others']['pairs']): string {
  return `and ${pairs} more ${pairs === 1 ? 'pair' : 'pairs'} of hosts, not drawn: ${countText(packets, 'packet')}, ${formatBytes(bytes)} bytes`;
}

/** @param top where the first row begins */
function place(graph: Graph, top: number): { readonly boxes: Box[]; readonly width: number; readonly height: number } {
  const layers = layersOf(graph);
  const most = Math.max(1, ...layers.map(({ length }) => length));
  const full = most * (box.height + box.gap) - box.gap;
  const boxes: Box[] = [];
  let x = margin;
  for (const layer of layers) {
    const labels = layer.map((host) => labelOf(graph.hosts[host]));
    const width = Math.ceil(Math.max(8, ...labels.map((label) => Array.from(label).length)) * letter) + 2 * box.padding;
    // A short column is spread over half of the height, so that its lines can be told apart.
    const free = full - (layer.length * (box.height + box.gap) - box.gap);
    const extra = layer.length > 1 ? Math.min(free / 2 / (layer.length - 1), 3 * box.height) : 0;
    const own = layer.length * (box.height + box.gap) - box.gap + extra * (layer.length - 1);
    for (const [row, index] of layer.entries()) {
      const host = graph.hosts[index];
      const y = Math.round(top + (full - own) / 2 + row * (box.height + box.gap + extra));
      if (host !== undefined) boxes[index] = { host, x, y, width };
    }
    x += width + gutter;
  }
  return { boxes, width: Math.max(560, x - gutter + margin), height: top + full + margin };
}

function labelOf(host: Host | undefined): string {
  return shortened(plainText(host?.label ?? ''), longestLabel);
}

function linesOf(edges: readonly Edge[], boxes: readonly Box[]): Line[] {
  const leaving = portsOf(
    edges,
    boxes,
    ({ client }) => client,
    ({ server }) => server,
  );
  const arriving = portsOf(
    edges,
    boxes,
    ({ server }) => server,
    ({ client }) => client,
  );
  return edges.flatMap((edge) => {
    const [from, to] = [boxes[edge.client], boxes[edge.server]];
    if (from === undefined || to === undefined) return [];
    const start = from.y + (leaving.height.get(edge) ?? box.height / 2);
    const end = to.y + (arriving.height.get(edge) ?? box.height / 2);
    // Where many lines leave one host, they are apart at their other end.
    const share = (leaving.count.get(edge.client) ?? 1) > (arriving.count.get(edge.server) ?? 1) ? 0.72 : 0.28;
    return [lineOf(edge, from, to, start, end, share)];
  });
}

/** Heights within a box at which its lines begin, in the order of their other ends. */
function portsOf(
  edges: readonly Edge[],
  boxes: readonly Box[],
  ownOf: (edge: Edge) => number,
  otherOf: (edge: Edge) => number,
): { readonly height: ReadonlyMap<Edge, number>; readonly count: ReadonlyMap<number, number> } {
  const byHost = new Map<number, Edge[]>();
  for (const edge of edges) byHost.set(ownOf(edge), [...(byHost.get(ownOf(edge)) ?? []), edge]);
  const height = new Map<Edge, number>();
  for (const some of byHost.values()) {
    const sorted = some.toSorted((a, b) => (boxes[otherOf(a)]?.y ?? 0) - (boxes[otherOf(b)]?.y ?? 0));
    for (const [index, edge] of sorted.entries()) height.set(edge, ((index + 1) * box.height) / (sorted.length + 1));
  }
  return { height, count: new Map([...byHost].map(([host, some]) => [host, some.length])) };
}

function lineOf(edge: Edge, from: Box, to: Box, start: number, end: number, share: number): Line {
  const fromX = from.x + from.width;
  if (from === to || to.x === from.x) {
    // Within a column, or to itself: a bow on the right.
    const toX = to.x + to.width;
    const bow = 40 + Math.min(60, Math.abs(end - start) / 4);
    const [a, b] = from === to ? [start - 8, start + 8] : [start, end];
    return {
      edge,
      path: `M${fromX} ${round(a)}C${fromX + bow} ${round(a)} ${toX + bow} ${round(b)} ${toX + 2} ${round(b)}`,
      label: { x: Math.max(fromX, toX) + bow * 0.75, y: (a + b) / 2 },
    };
  }
  const isForward = to.x > from.x;
  const [x1, x2] = isForward ? [fromX, to.x - 2] : [from.x, to.x + to.width + 2];
  const bend = (x2 - x1) / 2;
  const points = [x1, x1 + bend, x2 - bend, x2] as const;
  const heights = [start, start, end, end] as const;
  return {
    edge,
    path: `M${x1} ${round(start)}C${round(points[1])} ${round(start)} ${round(points[2])} ${round(end)} ${x2} ${round(end)}`,
    label: { x: pointAt(points, share), y: pointAt(heights, share) },
  };
}

/** A point of a cubic Bézier curve. */
function pointAt([a, b, c, d]: readonly [number, number, number, number], share: number): number {
  const rest = 1 - share;
  return a * rest ** 3 + 3 * b * share * rest ** 2 + 3 * c * share ** 2 * rest + d * share ** 3;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** From 1 to 9 pixels, for each power of ten one more. */
function strokeOf(bytes: number): number {
  return round(Math.min(9, Math.max(1, Math.log10(Math.max(1, bytes)) - 1.5)));
}

function drawLine({ edge, path }: Line): string {
  const kind = kindOf(edge);
  return `<path d="${path}" fill="none" stroke="${colours[kind]}" stroke-width="${strokeOf(edge.bytes)}" stroke-opacity="${kind === 'plain' ? 0.55 : 0.8}" marker-end="url(#${kind})"><title>${escaped(edgeText(edge))}</title></path>`;
}

function edgeText({ packets, bytes, protocols, errors }: Edge): string {
  const wrong = errors.map(({ what, count }) => `${what} ${count}`);
  return [`${countText(packets, 'packet')}, ${formatBytes(bytes)}`, protocols.join(' '), ...wrong].join(', ');
}

function drawBox({ host, x, y, width }: Box): string {
  const look = host.isRest ? 'class="host rest" fill="#f4f4f4" stroke-dasharray="4 3"' : 'class="host" fill="#eef3fa"';
  return [
    `<g><title>${escaped(host.label)}</title><rect x="${x}" y="${y}" width="${width}" height="${box.height}" rx="5" ${look} stroke="#4a5d78"/>`,
    text(x + box.padding, y + 15, labelOf(host)),
    `${text(x + box.padding, y + 29, formatBytes(host.bytes), 'class="more" fill="#5c5c5c" font-size="10"')}</g>`,
  ].join('');
}

function drawLabel({ edge, label }: Line): string {
  const kind = kindOf(edge);
  const [worst] = edge.errors.toSorted((a, b) => b.count - a.count).filter(({ what }) => isWorst(what, edge));
  const words = worst === undefined ? formatBytes(edge.bytes) : `${worst.what} ${worst.count}`;
  return text(
    round(label.x),
    round(label.y + 4),
    words,
    `class="on-line ${kind}" fill="${wordColours[kind]}" font-size="10" text-anchor="middle" stroke="#ffffff" stroke-width="3" paint-order="stroke"`,
  );
}

/** What is written: an error, if there is one. */
function isWorst(what: string, edge: Edge): boolean {
  return kindOf(edge) !== 'error' || (what !== 'retransmissions' && what !== 'zero windows');
}

function text(x: number, y: number, words: string, more = ''): string {
  return `<text x="${x}" y="${y}"${more === '' ? '' : ` ${more}`}>${escaped(words)}</text>`;
}

/** What others have named must not become markup. */
function escaped(words: string): string {
  return plainText(words)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
