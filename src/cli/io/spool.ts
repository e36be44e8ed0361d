import { open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codedError } from '../../errors.ts';
import { fileProblem } from '../../fileProblem.ts';

/** Keeps texts of any length in little memory: above a limit they go to a file without a name. */
export interface Spool {
  /** Makes a new, empty text. */
  text(): SpooledText;
  close(): Promise<void>;
}

/** A text that grows at its end, and can be read from its start as often as needed. */
export interface SpooledText {
  add(piece: string | Buffer): Promise<void>;
  /** The text as UTF-8, in pieces; a piece may end within a character. */
  read(): AsyncGenerator<Buffer>;
}

type Piece = Buffer | { readonly start: number; end: number };

const chunkSize = 262_144;

/**
 * @param limit bytes in memory
 * @throws FILE_UNWRITABLE when the disk is full
 */
export function createSpool(limit = 8 * 1024 * 1024): Spool {
  let held = 0;
  let stored = 0;
  let file: FileHandle | undefined;

  const store = async (bytes: Buffer): Promise<{ start: number; end: number }> => {
    file ??= await openNameless();
    await file.appendFile(bytes);
    const start = stored;
    stored += bytes.length;
    return { start, end: stored };
  };

  return {
    text() {
      const pieces: Piece[] = [];
      return {
        async add(piece) {
          const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
          if (file === undefined && held + bytes.length <= limit) {
            held += bytes.length;
            pieces.push(bytes);
            return;
          }
          const range = await store(bytes);
          const last = pieces.at(-1);
          if (last !== undefined && 'end' in last && last.end === range.start) last.end = range.end;
          else pieces.push(range);
        },
        async *read() {
          for (const piece of pieces) {
            if (Buffer.isBuffer(piece)) yield piece;
            else if (file !== undefined) yield* readRange(file, piece);
          }
        },
      };
    },
    async close() {
      await file?.close();
    },
  };
}

async function* readRange(
  file: FileHandle,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<Buffer> {
  for (let position = start; position < end;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(chunkSize, end - position)), {
      position,
    });
    if (bytesRead === 0) throw new Error('the temporary file is shorter than what was written to it');
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

/** A file without a name: nobody else can open it, and it ends with this process. Manifests may contain secrets. */
async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `packet-capture-${process.pid}-${Math.random().toString(36).slice(2)}`);
  try {
    const file = await open(path, 'wx+', 0o600);
    await rm(path);
    return file;
  } catch (error) {
    throw codedError('FILE_UNWRITABLE', fileProblem(error), {
      where: path,
      cause: error,
    });
  }
}
