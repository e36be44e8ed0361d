import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import { codedError } from '../errors.ts';

export interface Input {
  /** The path as given or found; `-` is standard input. */
  readonly file: string;
  readonly text: string;
}

const manifestName = /\.(ya?ml|json)$/i;

/**
 * The manifests that `-f` names: files, folders (their .yaml, .yml and .json files, sorted by name), `-`.
 * @throws FILE_UNREADABLE
 */
export async function readInputs(paths: readonly string[], recursive: boolean): Promise<Input[]> {
  const files = (await Promise.all(paths.map(async (path) => expand(path, recursive)))).flat();
  return Promise.all(files.map(async (file) => ({ file, text: file === '-' ? await readStream(process.stdin) : await readUtf8(file) })));
}

async function expand(path: string, recursive: boolean): Promise<string[]> {
  if (path === '-') return [path];
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { withFileTypes: true, recursive });
    const files = entries.filter((entry) => !entry.isDirectory() && manifestName.test(entry.name));
    if (files.length > 0) return files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  } catch (error) {
    throw unreadable(path, error);
  }
  throw codedError('FILE_UNREADABLE', 'the folder holds no .yaml, .yml or .json file', { where: path, hint: recursive ? 'Check the path.' : 'Add -R to look into its subfolders.' });
}

/** Strict: bytes that are no UTF-8 would not come out as they went in. */
async function readUtf8(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): Error {
  return codedError('FILE_UNREADABLE', cause instanceof Error ? cause.message : String(cause), { where: file, cause });
}
