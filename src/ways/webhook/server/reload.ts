import { createHash } from 'node:crypto';
import { watch } from 'node:fs';

/** What is mounted and may change while the server runs. */
export type FileName = 'configuration' | 'certificate';

/** Where a value comes from. */
export interface Source<T> {
  readonly name: FileName;
  /** The mounted folder. */
  readonly folder: string;
  readonly read: () => Promise<readonly string[]>;
  /** @throws when what was read cannot be used. */
  readonly parse: (texts: readonly string[]) => T | Promise<T>;
}

export interface Loaded<T> {
  readonly value: T;
  /** Of the content, in hexadecimal digits. */
  readonly sha256: string;
}

export interface Follower<T> {
  /** Takes what has changed. */
  readonly onChange: (loaded: Loaded<T>) => void;
  /** The file changed into something that cannot be used; the value from before stays. Once for each such content. */
  readonly onRefused: (error: unknown) => void;
  /** What was refused is gone: the file has its old content again. */
  readonly onRestored: () => void;
}

export async function load<T>({ read, parse }: Source<T>): Promise<Loaded<T>> {
  const texts = await read();
  return { value: await parse(texts), sha256: digest(texts) };
}

/** The kubelet swaps a folder by a few renames; one look after they are done is enough. */
const settleMs = 100;

/**
 * Keeps a value that was loaded up to date with its files, by their content: events are a hint to look, and a look
 * every `pollMs` finds what no event told (overlay and network file systems tell none).
 * @returns a function that ends it
 */
export function follow<T>(source: Source<T>, loaded: Loaded<T>, follower: Follower<T>, pollMs: number): () => void {
  let good = loaded.sha256;
  let refused: string | undefined;
  let looking = Promise.resolve();

  const look = async (): Promise<void> => {
    let seen = '';
    try {
      const texts = await source.read();
      seen = digest(texts);
      if (seen === good) {
        if (refused !== undefined) follower.onRestored();
      } else {
        // What was refused is tried again each time: a certificate may become valid by waiting.
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
  const lookNext = (): void => {
    looking = looking.then(look);
  };

  let settled: NodeJS.Timeout | undefined;
  const events = watch(source.folder, () => {
    clearTimeout(settled);
    settled = setTimeout(lookNext, settleMs);
  });
  // Without events there is the poll.
  events.on('error', () => events.close());
  const poll = setInterval(lookNext, pollMs);
  return () => {
    events.close();
    clearTimeout(settled);
    clearInterval(poll);
  };
}

function digest(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}
