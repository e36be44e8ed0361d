/** A fenced block of a document that tells what to type. */
export interface CommandBlock {
  /** Line of its fence, from 1. */
  readonly line: number;
  readonly text: string;
}

/** The blocks ```` ```console ```` and ```` ```sh ```` of a Markdown document, in order. Pure. */
export function commandBlocks(markdown: string): CommandBlock[] {
  return [...markdown.matchAll(/^ *```(?:console|sh|bash)\n([\s\S]*?)^ *```/gm)].map(({ index, 1: text = '' }) => ({
    line: markdown.slice(0, index).split('\n').length,
    text,
  }));
}

/**
 * What a block tells to type, a line each: where it shows output too, the lines after `$ ` alone. Lines that end in a
 * backslash are joined. Pure.
 */
export function typedLines({ text }: CommandBlock): string[] {
  const lines = text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.some((line) => line.startsWith('$ '))
    ? lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2))
    : lines;
}
