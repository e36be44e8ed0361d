import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { formatError, type CodedError } from '../../errors.ts';
import { plainJson, plainLines } from '../../plainText.ts';

/**
 * The only place in this folder that writes to standard output and standard error. Text for people is made safe for a
 * terminal here, whoever wrote it; data for programs goes out as it is. A test holds the other files to this.
 */

/** Behind a line of ours: further lines in what others wrote. */
const continuation = '    ';

/** One line for people on standard error: what happens, and what went wrong. */
export function say(line: string): void {
  console.error(plainLines(line, continuation));
}

export function sayError(error: CodedError): void {
  console.error(formatError(error));
}

/** What would be an error where nothing can mend it later. */
export function sayWarning(error: CodedError): void {
  console.error(formatError(error).replace('error', 'warning'));
}

/** For commander: help, and what is wrong with the arguments. */
export const programOutput = {
  writeOut: (text: string): void => void process.stdout.write(plainLines(text)),
  writeErr: (text: string): void => void process.stderr.write(plainLines(text)),
  /** What is wrong with them, which is quoted. */
  outputError: (text: string): void => void process.stderr.write(`${plainLines(text.trimEnd(), continuation)}\n`),
};

/** Lines for people on standard error that do not fit into memory. */
export async function sayAll(pieces: AsyncIterable<Buffer>): Promise<void> {
  const decoder = new StringDecoder('utf8');
  for await (const piece of pieces) process.stderr.write(plainLines(decoder.write(piece)));
}

/** Lines for people on standard output: what the command was asked for. */
export function print(lines: readonly string[]): void {
  console.log(lines.map((line) => plainLines(line, continuation)).join('\n'));
}

/** The same in place of what the terminal shows. */
export function printScreen(lines: readonly string[]): void {
  // To the upper left, and clear.
  process.stdout.write('\u001B[H\u001B[2J');
  print(lines);
}

/** Data for programs on standard output, on several lines. */
export function printJson(value: unknown): void {
  console.log(plainJson(value, 2));
}

/** Data for programs on standard output, on one line: for a stream of them. */
export function printJsonLine(value: unknown): void {
  console.log(plainJson(value));
}

/** Data for programs on standard output, as it is; a final newline is added. */
export function printData(text: string): void {
  console.log(process.stdout.isTTY ? plainLines(text) : text);
}

/**
 * Data for programs on standard output, every byte of it, and no faster than it is read. A terminal shows it safely.
 */
export async function writeData(pieces: AsyncIterable<Buffer>): Promise<void> {
  const { stdout } = process;
  const decoder = stdout.isTTY ? new StringDecoder('utf8') : undefined;
  for await (const piece of pieces) {
    const taken = stdout.write(decoder === undefined ? piece : plainLines(decoder.write(piece)));
    if (!taken) await once(stdout, 'drain');
  }
}

/** Whether standard output is a terminal. */
export function isTerminal(): boolean {
  return process.stdout.isTTY;
}

/** Ends the program when nobody reads its standard output any more: for one that prints until it is told to end. */
export function exitWhenUnread(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

/** What is asked at the terminal. */
export function questionText(question: string): string {
  return plainLines(question, continuation);
}

/** To the line's begin, and clear it. */
const clear = '\r\u001B[K';

/** The changing line at the foot of standard error; elsewhere than on a terminal it is an ordinary line. */
export const footLine = {
  get isTerminal(): boolean {
    return process.stderr.isTTY;
  },
  show(text: string): void {
    process.stderr.write(process.stderr.isTTY ? `${clear}${plainLines(text)}` : `${plainLines(text)}\n`);
  },
  clear(): void {
    if (process.stderr.isTTY) process.stderr.write(clear);
  },
};

/** `1 packet`, `2 packets`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
