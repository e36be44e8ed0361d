import { Option, type Command } from 'commander';
import { codedError, isCodedError } from '../../errors.ts';
import { createCaptureScanner } from '../../pcapng/index.ts';
import { createCounter, summarize, type Counter, type Summary } from '../../summary/index.ts';
import { formatMarkdown, formatSummary } from '../../summary/report/index.ts';
import { countOf } from '../flags/flagValues.ts';
import { readPieces } from '../io/captureInput.ts';
import { print, printJson, say } from '../io/output.ts';

/** `summary FILE…`: what captures say, in numbers. */
export function addSummary(program: Command): void {
  program
    .command('summary')
    .description('count what captures say: conversations, retransmissions, DNS, TLS, HTTP, top talkers, drops')
    .argument('<FILE...>', 'pcapng or pcap, also packed by gzip; -: standard input')
    .addOption(
      new Option('-o, --output <FORMAT>', 'table: for people, 120 columns; json: for programs; markdown: for a ticket')
        .choices(['table', 'json', 'markdown'])
        .default('table'),
    )
    .option('--top <COUNT>', 'rows of each list (default: 10; json: all that are kept)')
    .addHelpText('after', '\nExit codes: 0 all was read, 1 a part could not be read, 2 wrong usage.')
    .action(async (files: readonly string[], flags: SummaryFlags) => {
      await runSummary(files, flags);
    });
}

export interface SummaryFlags {
  readonly output: 'table' | 'json' | 'markdown';
  readonly top?: string;
}

const mostRows = 1_000_000;
const rowsForPeople = 10;

/** `summary`: reads each file once, and prints the result to standard output. */
export async function runSummary(files: readonly string[], flags: SummaryFlags): Promise<void> {
  const top = flags.top === undefined ? undefined : countOf(flags.top, '--top', mostRows);
  if (files.includes('')) throw codedError('USAGE', 'a path is empty', { where: 'FILE' });
  if (files.filter((file) => file === '-').length > 1)
    throw codedError('USAGE', 'standard input can be read only once', { where: '-' });
  const counter = createCounter();
  const problem = await readAll(files, counter);
  if (problem !== undefined && counter.counts.packets === 0) throw problem;
  printSummary(summarize(counter.counts, flags.output === 'json' ? top : (top ?? rowsForPeople)), flags.output);
  if (problem !== undefined) throw problem;
}

/** Reads one after the other. @returns the first error, when a part could be read: what was read before counts */
async function readAll(files: readonly string[], counter: Counter): Promise<unknown> {
  for (const file of files) {
    counter.nextFile();
    const scanner = createCaptureScanner(file, counter);
    try {
      for await (const piece of readPieces(file)) scanner.push(piece);
      if (scanner.end() !== undefined) say(`warning: ${file} ends in the middle of a packet`);
    } catch (error) {
      if (!isCodedError(error)) throw error;
      return error;
    }
  }
  return undefined;
}

function printSummary(summary: Summary, format: SummaryFlags['output']): void {
  if (format === 'json') printJson(summary);
  else print(format === 'markdown' ? formatMarkdown(summary) : formatSummary(summary));
}
