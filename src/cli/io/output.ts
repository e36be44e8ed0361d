import { StringDecoder } from 'node:string_decoder';
import { codedError, formatError, type CodedError } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';
import { plainJson, plainLines } from '../../plainText.ts';
import { withProgramName } from './programName.ts';

/**
 * The only file of src/cli that writes to standard output and standard error; a test checks this. Text for people is
 * made safe for a terminal here, because it may quote others; data for programs is not changed.
 */

let lost: NodeJS.ErrnoException | undefined;

/**
 * Keeps a failed write to standard output for lostOutput(), because console.log ignores it. What cannot be said on
 * standard error is given up: nobody reads it, and the work of the command goes on.
 */
export function watchOutputs(): void {
  process.stdout.on('error', (error) => (lost ??= error));
  process.stderr.on('error', () => undefined);
}

/**
 * FILE_UNWRITABLE when a part of what was written to standard output is lost, for example on a full disk; its cause is
 * the error of the write. A reader that ends early, as `head` does, loses nothing that it wants.
 */
export async function lostOutput(): Promise<CodedError | undefined> {
  // The error of a write comes in a later turn of the event loop.
  await new Promise(setImmediate);
  return lost === undefined || isBrokenPipe(lost) ? undefined : unwritableOutput(lost);
}

/** Whether the reader of an output, such as Wireshark or `head`, has closed it. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

function unwritableOutput(cause: Error): CodedError {
  return codedError('FILE_UNWRITABLE', fileProblem(cause), { where: 'standard output', cause });
}

/** The indent of the second and later lines of quoted text. */
const continuation = '    ';

/** Writes this program's commands into a text as its user types them. */
let inOwnName = (text: string): string => text;

/** Sets the name by which texts for people call this program, for all that is written from here on. */
export function speakAs(name: string, commands: readonly string[]): void {
  inOwnName = (text) => withProgramName(text, name, commands);
}

/** What takes the lines for people in place of standard error. */
let taker: ((line: string) => void) | undefined;

/** From here on a function takes the lines for people: who started this program shows standard error as an error. */
export function reportTo(take: (line: string) => void): void {
  taker = take;
}

/** Writes a line for people. */
function report(line: string): void {
  if (taker === undefined) console.error(line);
  else taker(line);
}

function readable(text: string, indent?: string): string {
  return plainLines(inOwnName(text), indent);
}

/** Prints a line for people to standard error: progress and errors. */
export function say(line: string): void {
  report(readable(line, continuation));
}

/** Prints a line to standard error, also when {@link reportTo} has another place for those that are no errors. */
export function sayAtEnd(line: string): void {
  console.error(readable(line, continuation));
}

/** Prints an error with its code, its place and its hint to standard error. */
export function sayError(error: CodedError): void {
  report(inOwnName(formatError(error)));
}

/** Prints a warning in the format of an error, for problems that a later step can solve. */
export function sayWarning(error: CodedError): void {
  report(inOwnName(formatError(error).replace('error', 'warning')));
}

/** The output of commander: help, and errors about the arguments. */
export const programOutput = {
  writeOut: (text: string): void => void process.stdout.write(readable(text)),
  writeErr: (text: string): void => void process.stderr.write(readable(text)),
  /** Errors quote the arguments, so they are made safe. */
  outputError: (text: string): void => void process.stderr.write(`${readable(text.trimEnd(), continuation)}\n`),
};

/** Prints lines for people to standard error from a spool, because they may not fit into memory. */
export async function sayAll(pieces: AsyncIterable<Buffer>): Promise<void> {
  const decoder = new StringDecoder('utf8');
  for await (const piece of pieces) process.stderr.write(readable(decoder.write(piece)));
}

/** Prints the result for people to standard output. */
export function print(lines: readonly string[]): void {
  console.log(lines.map((line) => readable(line, continuation)).join('\n'));
}

/** The same, after the screen is cleared. */
export function printScreen(lines: readonly string[]): void {
  // Moves the cursor to the upper left, and clears the screen.
  process.stdout.write('\u001B[H\u001B[2J');
  print(lines);
}

/** Prints JSON for programs to standard output, on several lines. */
export function printJson(value: unknown): void {
  console.log(plainJson(value, 2));
}

/** Prints JSON for programs to standard output on one line, for a stream of values. */
export function printJsonLine(value: unknown): void {
  console.log(plainJson(value));
}

/** Prints data for programs to standard output, unchanged; adds a final newline. */
export function printData(text: string): void {
  console.log(process.stdout.isTTY ? plainLines(text) : text);
}

/**
 * Writes data to standard output, unchanged, and waits for its reader; ends when the reader does. It is made safe only
 * for a terminal.
 * @throws FILE_UNWRITABLE
 */
export async function writeData(pieces: AsyncIterable<Buffer>): Promise<void> {
  const decoder = process.stdout.isTTY ? new StringDecoder('utf8') : undefined;
  try {
    for await (const piece of pieces) await written(decoder === undefined ? piece : plainLines(decoder.write(piece)));
  } catch (error) {
    if (!(error instanceof Error) || error !== lost) throw error;
    if (!isBrokenPipe(error)) throw unwritableOutput(error);
  }
}

async function written(data: Buffer | string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(data, (error) => {
      if (error == null) {
        resolve();
        return;
      }
      lost ??= error;
      reject(error);
    });
  });
}

/** Lines that standard output shows at a time; without a terminal as many as there are. */
export function terminalRows(): number {
  return process.stdout.isTTY ? process.stdout.rows : Number.POSITIVE_INFINITY;
}

/** Whether standard output is a terminal. */
export function isTerminal(): boolean {
  return process.stdout.isTTY;
}

/** Ends the program when its standard output is closed, for commands that print until Ctrl-C. */
export function exitWhenUnread(): void {
  process.stdout.on('error', (error) => {
    if (!isBrokenPipe(error)) sayError(unwritableOutput(error));
    process.exit(isBrokenPipe(error) ? 0 : 1);
  });
}

/** A question for the terminal, made safe. */
export function questionText(question: string): string {
  return readable(question, continuation);
}

/** Moves the cursor to the start of the line, and clears it. */
const clear = '\r\u001B[K';

/** A changing line at the end of standard error; without a terminal it is an ordinary line. */
export const footLine = {
  get isTerminal(): boolean {
    return process.stderr.isTTY;
  },
  show(text: string): void {
    if (process.stderr.isTTY && taker === undefined) process.stderr.write(`${clear}${readable(text)}`);
    else report(readable(text));
  },
  clear(): void {
    if (process.stderr.isTTY && taker === undefined) process.stderr.write(clear);
  },
};

/** `1 packet`, `2 packets`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
