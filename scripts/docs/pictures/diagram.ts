import { escapeXml } from './xml.ts';

/** A box with a head and lines below it; its place is that of its upper left corner, in pixels. */
export interface Box {
  readonly at: readonly [x: number, y: number];
  readonly size: readonly [width: number, height: number];
  /** Empty for a frame around others. */
  readonly head: string;
  readonly lines?: readonly string[];
  /** `question` is round, `answer` has a colour, `outside` is dashed. */
  readonly look?: 'question' | 'answer' | 'outside';
}

/** An arrow along these corners, with a word next to its beginning. */
export interface Arrow {
  readonly path: readonly (readonly [x: number, y: number])[];
  readonly word?: { readonly text: string; readonly at: readonly [x: number, y: number] };
}

export interface Diagram {
  readonly size: readonly [width: number, height: number];
  readonly title: string;
  /** The same in words, for those who do not see it. */
  readonly description: string;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

const looks = {
  plain: { fill: '#ffffff', stroke: '#57606a', extra: '' },
  question: { fill: '#f6f8fa', stroke: '#57606a', extra: '' },
  answer: { fill: '#e3effc', stroke: '#1f5fa8', extra: '' },
  outside: { fill: '#fdf3e1', stroke: '#9a6412', extra: ' stroke-dasharray="5 3"' },
} as const;

/**
 * A diagram as SVG, on white, with its title and description for screen readers. The same diagram gives the same
 * bytes. Pure.
 */
export function drawDiagram({ size: [width, height], title, description, boxes, arrows }: Diagram): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="14">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<desc id="description">${escapeXml(description)}</desc>`,
    `<rect width="${width}" height="${height}" rx="10" fill="#ffffff"/>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="#57606a"/></marker></defs>',
    ...boxes.map(drawBox),
    ...arrows.map(drawArrow),
    '</svg>',
    '',
  ].join('\n');
}

function drawArrow({ path, word }: Arrow): string {
  const line = path.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  const text =
    word === undefined
      ? ''
      : `<text x="${word.at[0]}" y="${word.at[1]}" fill="#57606a" font-size="13">${escapeXml(word.text)}</text>`;
  return `<path d="${line}" fill="none" stroke="#57606a" stroke-width="1.5" marker-end="url(#tip)"/>${text}`;
}

function drawBox({ at: [x, y], size: [width, height], head, lines = [], look }: Box): string {
  const { fill, stroke, extra } = looks[look ?? 'plain'];
  const radius = look === 'question' ? 22 : 8;
  const middle = x + width / 2;
  const top = y + height / 2 - (lines.length * 19) / 2 + 5;
  const texts = (head === '' ? [] : [head, ...lines]).map(
    (text, index) =>
      `<text x="${middle}" y="${top + index * 19}" text-anchor="middle" fill="#1f2328"${index === 0 ? ' font-weight="600"' : ' font-size="13"'}>${escapeXml(text)}</text>`,
  );
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" fill="${fill}" stroke="${stroke}" stroke-width="1.5"${extra}/>${texts.join('')}`;
}
