import { lstat } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { Option, type Command } from 'commander';
import { codedError, isCodedError, type CodedError } from '../../errors.ts';
import { jsonPieces } from '../../jsonPieces.ts';
import { createCaptureScanner } from '../../pcapng/index.ts';
import { shell } from '../../shell.ts';
import { createCounter, summarize, type Counter, type Summary } from '../../summary/index.ts';
import { drawMap } from '../../summary/map/svg.ts';
import { formatMarkdown, formatSummary } from '../../summary/report/index.ts';
import { countOf } from '../flags/flagValues.ts';
import type { NamesFlag } from '../flags/namesFlag.ts';
import { addPodFlags, type PodFlags } from '../flags/podFlags.ts';
import { addStreamFlags } from '../flags/streamFlags.ts';
import { readPieces } from '../io/captureInput.ts';
import { interruption } from '../io/interruption.ts';
import {
  exitWhenUnread,
  isTerminal,
  print,
  printJsonLine,
  printScreen,
  say,
  sayError,
  terminalRows,
  writeData,
} from '../io/output.ts';
import { openStreamOutput, unwritable } from '../io/streamOutput.ts';
import { addCaptureFlags, runStream } from './stream.ts';

/** `summary FILE…|POD|TYPE/NAME|-l SELECTOR`: what captures say, in numbers. */
export function addSummary(program: Command): void {
  const command = program
    .command('summary')
    .description('count what captures say: conversations, retransmissions, DNS, TLS, HTTP, top talkers, drops')
    .argument(
      '[FILE|POD|TYPE/NAME...]',
      'pcapng or pcap, also packed by gzip; -: standard input; or pods, whose packets are counted live, see `stream`',
    )
    .addOption(
      new Option('-o, --output <FORMAT>', 'table: for people, 120 columns; json: for programs; markdown: for a ticket')
        .choices(['table', 'json', 'markdown'])
        .default('table'),
    )
    .option('--top <COUNT>', 'rows of each list; the others are one sum (default: 10; json: 1000)')
    .option('--map <FILE>', 'also draw who talks to whom, with volume and errors, into a new SVG file')
    .option(
      '--live',
      'show what is counted so far every 2 seconds, on a terminal; with -o json a line each, also into a pipe',
    );
  addCaptureFlags(addStreamFlags(addPodFlags(command)))
    .addHelpText('after', '\nExit codes: 0 all was read, 1 a part could not be read, 2 wrong usage.')
    .action(async (names: readonly string[], flags: SummaryFlags) => {
      await runSummary(names, flags);
    });
}

/** The flags of `summary`; the settings among them are read by their names in the table of settings. */
export interface SummaryFlags extends PodFlags, NamesFlag, Readonly<Record<string, unknown>> {
  readonly output: 'table' | 'json' | 'markdown';
  readonly force?: boolean;
  readonly maxPods: string;
  readonly top?: string;
  readonly map?: string;
  readonly live?: boolean;
}

/** What `--live` shows: a table that is drawn again, or a line of JSON for programs. */
type LiveOutput = 'screen' | 'lines';

/** So many conversations and pairs are kept. */
const mostRows = 10_000;
const rowsForPeople = 10;
/** More rows would take more memory than the captures themselves. */
const rowsForPrograms = 1000;
const redrawEvery = 2000;

/** `summary`: reads each file once, or a live stream, and prints the result to standard output. */
export async function runSummary(names: readonly string[], flags: SummaryFlags): Promise<void> {
  const top = flags.top === undefined ? undefined : countOf(flags.top, '--top', mostRows);
  const rows = top ?? (flags.output === 'json' ? rowsForPrograms : rowsForPeople);
  const live = liveOutputOf(flags);
  const isTarget = await namesPods(names, flags);
  if (!isTarget) checkFiles(names, flags);
  const draw = await openMap(flags);
  keepMemorySmall();
  const counter = createCounter();
  if (live === 'lines') exitWhenUnread();
  const screen = live === undefined ? undefined : setInterval(() => showLive(live, counter, rows), redrawEvery);
  let problems: readonly CodedError[];
  try {
    problems = isTarget ? await readPods(names[0], flags, counter) : await readFiles(names, counter);
  } finally {
    clearInterval(screen);
  }
  const last = problems.at(-1);
  if (last === undefined || counter.counts.packets > 0) {
    if (live === 'lines') printJsonLine(summarize(counter.counts, rows));
    // In place of the last one, and whole.
    else if (live === 'screen') printScreen(formatSummary(summarize(counter.counts, rows)));
    else await printSummary(summarize(counter.counts, rows), flags.output);
    await draw?.(summarize(counter.counts, rows, Number.POSITIVE_INFINITY));
  }
  problems.slice(0, -1).forEach(sayError);
  if (last !== undefined) throw last;
}

/**
 * V8 would let its heap become more than twice as large as what is in use. What is counted stays and packets make no
 * garbage, so that less room costs little: the space for new objects does not grow, and the rest grows by half.
 */
function keepMemorySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=50');
}

/**
 * Without a terminal a table is printed once, at the end, because whoever reads it later wants the last one.
 * @throws USAGE
 */
function liveOutputOf({ live, output }: SummaryFlags): LiveOutput | undefined {
  if (live !== true) return undefined;
  if (output === 'json') return 'lines';
  if (output === 'markdown')
    throw codedError('USAGE', '--live does not go with Markdown, which is for a text that stays', {
      where: '--live',
      hint: 'Leave --live out: Markdown is printed at the end. Or use -o json, which prints a line every 2 seconds.',
    });
  if (isTerminal()) return 'screen';
  say('standard output is not a terminal: the table follows at the end (with -o json, a line every 2 seconds)');
  return undefined;
}

/** Whether pods are meant: labels, or one name that is no file and does not look like one. @throws USAGE */
async function namesPods(names: readonly string[], { selector }: SummaryFlags): Promise<boolean> {
  if (selector !== undefined) {
    const [named] = names;
    if (named === undefined) return true;
    throw codedError('USAGE', `-l selects pods, and ${named} is named, too`, {
      where: named,
      hint: 'Leave one of them out: files and pods are not mixed, and labels take no name.',
    });
  }
  if (names.length === 0) {
    throw codedError('USAGE', 'no capture is named', {
      hint: 'Name files, - for standard input, or pods: a pod, a workload (deploy/web), or labels with -l.',
    });
  }
  const targets = await targetsAmong(names);
  const [target] = targets;
  if (target === undefined || names.length === 1) return target !== undefined;
  throw codedError('USAGE', `${target} is no file, and ${mixedText(names, targets)}`, {
    where: target,
    hint: `Count the packets of pods by themselves: ${shell`packet-capture summary ${target}`}, or several with labels (-l).`,
  });
}

function mixedText(names: readonly string[], targets: readonly string[]): string {
  return targets.length === names.length ? 'pods are counted for one name at a time' : 'files and pods are not mixed';
}

/** Names that can only be those of pods and workloads: not standard input, not there as files, and not like a path. */
async function targetsAmong(names: readonly string[]): Promise<string[]> {
  const isFile = await Promise.all(
    names.map(
      async (name) =>
        name === '-' ||
        !/^[^./][^/]*(?:\/[^/]+)?$/.test(name) ||
        /\.(?:pcapng|pcap|cap)(?:\.gz)?$/i.test(name) ||
        lstat(name).then(
          () => true,
          () => false,
        ),
    ),
  );
  return names.filter((_, index) => isFile[index] === false);
}

/** Flags that say what is captured in pods. */
const podFlagNames = ['namespace', 'allNamespaces', 'filter', 'interfaces', 'snaplen', 'duration'] as const;

function checkFiles(files: readonly string[], flags: SummaryFlags): void {
  if (files.includes('')) throw codedError('USAGE', 'a path is empty', { where: 'FILE' });
  if (files.filter((file) => file === '-').length > 1)
    throw codedError('USAGE', 'standard input can be read only once', { where: '-' });
  if (files.includes('-') && process.stdin.isTTY)
    throw codedError('USAGE', 'standard input is a terminal', { where: '-' });
  const given = podFlagNames.find((name) => flags[name] !== undefined);
  if (given !== undefined)
    throw codedError('USAGE', `${files[0] ?? ''} is a file: this flag is for pods`, {
      where: given === 'allNamespaces' ? '--all-namespaces' : `--${given}`,
    });
}

/** Refuses a file that is there before anything is read. @throws USAGE, FILE_EXISTS */
async function openMap({
  map,
  force = false,
}: SummaryFlags): Promise<((summary: Summary) => Promise<void>) | undefined> {
  if (map === undefined) return undefined;
  if (map === '' || map === '-') throw codedError('USAGE', 'a map is written to a file', { where: '--map' });
  const output = await openStreamOutput(map, force);
  return async (summary) => {
    try {
      await output.write(Buffer.from(drawMap(summary)));
    } catch (error) {
      throw unwritable(error, map);
    } finally {
      await output.close();
    }
  };
}

/** Counts the packets of pods until the stream ends. @returns the error: packets that were counted before it count */
async function readPods(name: string | undefined, flags: SummaryFlags, counter: Counter): Promise<CodedError[]> {
  const scanner = createCaptureScanner('stream', counter);
  const write = async (bytes: Uint8Array): Promise<void> => scanner.push(bytes);
  try {
    await runStream(name, { ...flags, output: '-' }, { output: { write, close: async () => {} } });
    return [];
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return [error];
  }
}

/**
 * Reads one after the other. Ctrl-C ends files; standard input is read to its end, because the program before it in the
 * pipe ends, too, and its last packets count.
 * @returns the errors of files that could not be read to their ends: what was read before counts
 */
async function readFiles(files: readonly string[], counter: Counter): Promise<CodedError[]> {
  const interrupted = interruption();
  const problems: CodedError[] = [];
  for (const file of files) {
    try {
      if (!(await readFile(file, counter, interrupted))) say(`warning: ${file} ends in the middle of a packet`);
    } catch (error) {
      if (!isCodedError(error)) throw error;
      problems.push(error);
      if (error.code === 'INTERRUPTED') break;
    }
  }
  return problems;
}

/** The bytes that tell the format of a capture. */
const magicLength = 4;

/** @returns whether it ends with a whole packet. @throws FILE_UNREADABLE, CAPTURE_INVALID, INTERRUPTED */
async function readFile(file: string, counter: Counter, interrupted: AbortSignal): Promise<boolean> {
  counter.nextFile();
  const scanner = createCaptureScanner(file, counter);
  let length = 0;
  for await (const piece of readPieces(file)) {
    length += piece.length;
    scanner.push(piece);
    if (interrupted.aborted && file !== '-') throw codedError('INTERRUPTED', 'not all was read', { where: file });
  }
  const whole = scanner.end() === undefined;
  if (length >= magicLength) return whole;
  throw codedError('CAPTURE_INVALID', length === 0 ? 'it is empty' : 'the data is neither pcapng nor pcap', {
    where: file,
    hint: 'Even a capture without packets has a header: see whether what should write it has failed.',
  });
}

function showLive(live: LiveOutput, counter: Counter, rows: number): void {
  const summary = summarize(counter.counts, rows);
  if (live === 'lines') printJsonLine(summary);
  else printScreen(formatSummary(summary).slice(0, terminalRows() - 1));
}

/** @throws FILE_UNWRITABLE */
async function printSummary(summary: Summary, format: SummaryFlags['output']): Promise<void> {
  if (format === 'json') await writeData(jsonPieces(summary));
  else print(format === 'markdown' ? formatMarkdown(summary) : formatSummary(summary));
}
