import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KnownValues, ListedField } from '../../extcap/dialog.ts';
import { fieldsOf, parseJson, textsOf } from '../../typed.ts';

/** The most values of a list, and of contexts, that are kept. */
const most = { values: 2000, characters: 300, contexts: 50 } as const;

/** Where the lists of the last time are: a cache, which may be removed at any time. */
function cacheFile(): string | undefined {
  const { XDG_CACHE_HOME: cache = '', HOME: home = '', LOCALAPPDATA: local = '' } = process.env;
  if (process.platform === 'win32') return local === '' ? undefined : join(local, 'packet-capture', 'extcap.json');
  if (cache.startsWith('/')) return join(cache, 'packet-capture', 'extcap.json');
  if (home === '') return undefined;
  const folder = process.platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
  return join(folder, 'packet-capture', 'extcap.json');
}

/**
 * What the lists of a context had the last time that they were loaded: Wireshark asks for the dialog when it starts,
 * and a choice that it has stored must be in the list. Nothing when there is no such file.
 */
export async function readKnown(context: string): Promise<KnownValues> {
  return knownOf(fieldsOf(await readAll())[context]);
}

/** Keeps lists for the next time. It does without where it cannot write. */
export async function remember(context: string, lists: Partial<KnownValues>): Promise<void> {
  const file = cacheFile();
  if (file === undefined) return;
  const before = fieldsOf(await readAll());
  const { [context]: own, ...others } = before;
  const kept = Object.entries(others).slice(0, most.contexts - 1);
  const text = JSON.stringify({ [context]: { ...knownOf(own), ...lists }, ...Object.fromEntries(kept) });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
    await rename(temporary, file);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

async function readAll(): Promise<unknown> {
  const file = cacheFile();
  return file === undefined ? undefined : parseJson(await readFile(file, 'utf8').catch(() => ''));
}

function knownOf(value: unknown): KnownValues {
  const list = (field: ListedField): string[] => textsOf(fieldsOf(value)[field], most.values, most.characters);
  return { namespace: list('namespace'), workload: list('workload'), pod: list('pod') };
}
