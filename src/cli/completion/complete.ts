import { readdir } from 'node:fs/promises';
import type { Command } from 'commander';
import { longestTimerMs, parseDuration } from '../../duration.ts';
import { printData } from '../io/output.ts';
import { answerLines, directives } from './answer.ts';
import { readTyped } from './typed.ts';
import type { Candidate } from './values.ts';
import { startingWith, wantedNext } from './wanted.ts';

/** How long all may take, unless the environment names another time, in seconds. */
const seconds = 1;

/** What is left for the end after kubectl is ended, in milliseconds. */
const forTheEndMs = 150;

/** When kubectl is ended, in milliseconds after the start of this process. */
function deadlineMs(): number {
  const named = parseDuration(process.env['PACKET_CAPTURE_COMPLETION_TIMEOUT'] ?? '');
  return Math.min((named ?? seconds) * 1000, longestTimerMs) - forTheEndMs;
}

/**
 * `__complete -- WORD…`: prints what may be typed next.
 * @param makeProgram makes the program, with the command that the first of its arguments names
 * @param args the words after the program's name; the last one is being typed, and may be empty
 */
export async function complete(
  makeProgram: (args: readonly string[]) => Promise<Command>,
  args: readonly string[],
): Promise<void> {
  const words = args[0] === '--' ? args.slice(1) : args;
  const typed = readTyped(await makeProgram(words), words);
  const { candidates, files, lists } = wantedNext(typed);
  const found: Candidate[] = [...candidates];
  if (lists.length > 0) {
    const { queriesOf, readLists } = await import('./clusterLists.ts');
    const queries = lists.flatMap((list) => queriesOf(list, typed.start));
    found.push(...startingWith(await readLists(queries, typed.values, deadlineMs() - performance.now()), typed.start));
  }
  // A shell looks for files only when there is no candidate.
  if (files === 'all' && lists.length > 0) found.push(...(await filesOf(typed.start)));
  printData(answerLines(found, directives(files, found)).join('\n'));
}

/** The files that begin with what is typed; a folder ends in a slash. */
async function filesOf(start: string): Promise<Candidate[]> {
  const folder = start.slice(0, start.lastIndexOf('/') + 1);
  const entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true }).catch(() => []);
  const all = entries.map((entry) => ({
    value: `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`,
    text: 'file',
  }));
  return startingWith(all, start).filter(({ value }) => folder !== '' || start !== '' || !value.startsWith('.'));
}
