import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError, isCodedError } from '../../errors.ts';
import { createBatches, shortRun } from '../../ways/manifest/batches.ts';
import { createDecoder, encodingOf, headLength, type Encoding } from './encoding.ts';
import type { Spool } from './spool.ts';

/** A manifest that `-f` names. */
export interface Input {
  /** The path as given or found; `-` is standard input. */
  readonly file: string;
  /**
   * The text in runs of at least one whole document, so that a long text need not be in memory. May be called again.
   * @throws FILE_UNREADABLE, MANIFEST_SEALED
   */
  readonly texts: () => AsyncGenerator<string>;
  /** The encoding of the text that was read last. */
  readonly encoding: () => Encoding;
}

const manifestName = /\.(ya?ml|json)$/i;

/**
 * The manifests that `-f` names: files, folders (their .yaml, .yml and .json files, sorted by name), `-`.
 * @param spool keeps standard input, which can be read only once
 * @throws FILE_UNREADABLE
 */
export async function openInputs(paths: readonly string[], recursive: boolean, spool: Spool): Promise<Input[]> {
  const files = (await Promise.all(paths.map(async (path) => expand(path, recursive)))).flat();
  const standardInput = spool.text();
  if (files.includes('-')) for await (const chunk of process.stdin) await standardInput.add(chunk as Buffer);
  return files.map((file) =>
    inputOf(file, () => (file === '-' ? standardInput.read() : createReadStream(file, { highWaterMark: 1 << 18 }))),
  );
}

function inputOf(file: string, open: () => AsyncIterable<Buffer>): Input {
  let encoding: Encoding = 'utf-8';
  return {
    file,
    encoding: () => encoding,
    async *texts() {
      const batches = createBatches();
      let decoder: ReturnType<typeof createDecoder> | undefined;
      try {
        for await (const bytes of withHead(inShort(open()))) {
          if (decoder === undefined) encoding = encodingOf(bytes.subarray(0, headLength), file);
          decoder ??= createDecoder(encoding, file);
          const documents = batches.add(decoder.decode(bytes));
          if (documents !== undefined) yield documents;
        }
        decoder?.decode();
      } catch (error) {
        throw isCodedError(error) ? error : unreadable(file, error);
      }
      yield batches.rest();
    },
  };
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
  throw codedError('FILE_UNREADABLE', 'the folder has no .yaml, .yml or .json file', {
    where: path,
    hint: recursive ? 'Check the path.' : 'Add -R to look into its subfolders.',
  });
}

/** The same bytes, in smaller pieces, so that runs are short. */
async function* inShort(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += shortRun) yield piece.subarray(at, at + shortRun);
  }
}

/** The same bytes; the first piece is long enough to detect the encoding. */
async function* withHead(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of pieces) {
    const bytes: Buffer = head === undefined ? piece : Buffer.concat([head, piece]);
    head = head === undefined || bytes.length >= headLength ? undefined : bytes;
    if (head === undefined) yield bytes;
  }
  if (head !== undefined && head.length > 0) yield head;
}

function unreadable(file: string, cause: unknown): Error {
  return codedError('FILE_UNREADABLE', cause instanceof Error ? cause.message : String(cause), { where: file, cause });
}
