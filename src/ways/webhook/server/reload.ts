import { createHash } from 'node:crypto';
import { watch, type FSWatcher } from 'node:fs';

/** What the mounted files contain that may change while the server runs. */
export type FileName = 'configuration' | 'certificate';

/** How a value is read from mounted files. */
export interface Source<T> {
  readonly name: FileName;
  /** The mounted folder. */
  readonly folder: string;
  readonly read: () => Promise<readonly string[]>;
  /** @throws when the content cannot be used */
  readonly parse: (texts: readonly string[]) => T | Promise<T>;
}

/** The content of a source that was read and parsed. */
export interface Loaded<T> {
  readonly value: T;
  /** SHA-256 of the content, in hexadecimal digits. */
  readonly sha256: string;
}

/** Who is told when the content of a source changes. */
export interface Follower<T> {
  /** The content has changed and is valid. */
  readonly onChange: (loaded: Loaded<T>) => void;
  /** The new content cannot be used, and the previous value stays in use. Called once for each such content. */
  readonly onRefused: (error: unknown) => void;
  /** After a refusal, the file has the content in use again. */
  readonly onRestored: () => void;
}

/** Reads and parses a source. @throws as its `read` and `parse` */
export async function load<T>({ read, parse }: Source<T>): Promise<Loaded<T>> {
  const texts = await read();
  return { value: await parse(texts), sha256: digest(texts) };
}

/** The kubelet replaces a folder's content by a few renames. The files are read once, so long after the last event. */
const settleMs = 100;

/**
 * Follows the content of a source's files: they are read again after each event of the folder, and every `pollMs`
 * because overlay and network file systems have no events.
 * @returns a function that stops this
 */
export function follow<T>(source: Source<T>, loaded: Loaded<T>, follower: Follower<T>, pollMs: number): () => void {
  let good = loaded.sha256;
  let refused: string | undefined;
  let checking = Promise.resolve();

  const check = async (): Promise<void> => {
    let seen = '';
    try {
      const texts = await source.read();
      seen = digest(texts);
      if (seen === good) {
        if (refused !== undefined) follower.onRestored();
      } else {
        // Refused content is tried again each time: a certificate may become valid later.
        follower.onChange({ value: await source.parse(texts), sha256: seen });
        good = seen;
      }
      refused = undefined;
    } catch (error) {
      const problem = `${seen} ${String(error)}`;
      if (problem !== refused) follower.onRefused(error);
      refused = problem;
    }
  };
  const checkNext = (): void => {
    checking = checking.then(check);
  };

  let settled: NodeJS.Timeout | undefined;
  const events = watchOrPoll(source.folder, () => {
    clearTimeout(settled);
    settled = setTimeout(checkNext, settleMs);
  });
  const poll = setInterval(checkNext, pollMs);
  return () => {
    events?.close();
    clearTimeout(settled);
    clearInterval(poll);
  };
}

/**
 * A watch of a folder; none where the node has no more of them for the user (fs.inotify.max_user_instances). If it
 * fails, the poll still works.
 */
function watchOrPoll(folder: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const events = watch(folder, onEvent);
    events.on('error', () => events.close());
    return events;
  } catch {
    return undefined;
  }
}

function digest(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}
