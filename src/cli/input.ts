import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../errors.ts';
import { createBatches } from '../manifest/batches.ts';
import type { Spool } from './spool.ts';

/** A manifest that was named by `-f`. */
export interface Input {
  /** The path as given or found; `-` is standard input. */
  readonly file: string;
  /**
   * The text, in runs of whole documents, at least one, so that a long one need not be in memory. May be read again.
   * @throws FILE_UNREADABLE
   */
  readonly texts: () => AsyncGenerator<string>;
}

const manifestName = /\.(ya?ml|json)$/i;

/**
 * The manifests that `-f` names: files, folders (their .yaml, .yml and .json files, sorted by name), `-`.
 * @param spool for standard input, which can be read once
 * @throws FILE_UNREADABLE
 */
export async function openInputs(paths: readonly string[], recursive: boolean, spool: Spool): Promise<Input[]> {
  const files = (await Promise.all(paths.map(async (path) => expand(path, recursive)))).flat();
  const standardInput = spool.text();
  if (files.includes('-')) for await (const chunk of process.stdin) await standardInput.add(chunk as Buffer);
  return files.map((file) => ({
    file,
    texts: () => documentsOf(file, () => (file === '-' ? standardInput.read() : createReadStream(file, { highWaterMark: 1 << 18 }))),
  }));
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
async function* documentsOf(file: string, open: () => AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const batches = createBatches();
  try {
    for await (const bytes of open()) {
      const documents = batches.add(decoder.decode(bytes, { stream: true }));
      if (documents !== undefined) yield documents;
    }
    decoder.decode();
  } catch (error) {
    throw unreadable(file, error);
  }
  yield batches.rest();
}

function unreadable(file: string, cause: unknown): Error {
  return codedError('FILE_UNREADABLE', cause instanceof Error ? cause.message : String(cause), { where: file, cause });
}
