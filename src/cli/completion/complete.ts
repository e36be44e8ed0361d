import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
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
  // A shell looks for files or folders only when there is no candidate.
  const alone = candidates.length === 0 && lists.length === 0;
  if (files !== 'none' && !alone) found.push(...(await pathsOf(typed.start, files)));
  printData(answerLines(found, directives(files, found)).join('\n'));
}

/** The files and folders, or the folders alone, that begin with what is typed; a folder ends in a slash. */
async function pathsOf(start: string, which: 'folders' | 'all'): Promise<Candidate[]> {
  const folder = start.slice(0, start.lastIndexOf('/') + 1);
  const entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true }).catch(() => []);
  const hidden = (name: string): boolean => folder === '' && start === '' && name.startsWith('.');
  const candidates = entries
    .filter(({ name }) => `${folder}${name}`.startsWith(start) && !hidden(name))
    .map(async (entry): Promise<Candidate[]> => {
      const value = `${folder}${entry.name}`;
      if (await isFolder(entry, value)) return [{ value: `${value}/`, text: 'folder' }];
      return which === 'all' ? [{ value, text: 'file' }] : [];
    });
  return (await Promise.all(candidates)).flat();
}

async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
