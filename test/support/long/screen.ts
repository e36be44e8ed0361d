import { readFile } from 'node:fs/promises';

/** Where something is, in pixels from the top left corner. */
export type Place = readonly [x: number, y: number];

/** The widths of a text field in Wireshark's toolbar of interfaces; its field for display filters is wider. */
const fieldWidths = { least: 150, most: 600 };

/** How far below its upper edge a text field is clicked: it is about 18 pixels high. */
const intoField = 8;

/**
 * Finds the first text field of the toolbar of interfaces on a screen: it is the uppermost row with two white fields
 * next to each other, and near the upper edge.
 * @param file of Xvfb: the screen as xwd has it (a header of big-endian words, the colours, the lines)
 * @returns undefined while there is none
 */
export async function findTextField(file: string): Promise<Place | undefined> {
  const screen = await readFile(file);
  const word = (index: number): number => screen.readUInt32BE(index * 4);
  const [headerSize, width, height, bitsPerPixel, bytesPerLine, colours] = [0, 4, 5, 11, 12, 19].map(word) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const from = headerSize + colours * 12;
  const step = bitsPerPixel / 8;
  const isWhite = (x: number, y: number): boolean =>
    [0, 1, 2].every((part) => screen[from + y * bytesPerLine + x * step + part] === 0xff);
  for (let y = 0; y < height / 4; y += 1) {
    const fields = runs(width, (x) => isWhite(x, y)).filter(
      ({ length }) => length >= fieldWidths.least && length <= fieldWidths.most,
    );
    const [first] = fields;
    if (first !== undefined && fields.length >= 2) return [first.start + Math.floor(first.length / 2), y + intoField];
  }
  return undefined;
}

/** The runs of neighbours that hold. */
function runs(width: number, holds: (x: number) => boolean): { readonly start: number; readonly length: number }[] {
  const found: { start: number; length: number }[] = [];
  for (let x = 0; x < width; x += 1) {
    if (!holds(x)) continue;
    const last = found.at(-1);
    if (last !== undefined && last.start + last.length === x) last.length += 1;
    else found.push({ start: x, length: 1 });
  }
  return found;
}
