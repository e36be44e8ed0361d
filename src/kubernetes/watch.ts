import { codedError } from '../errors.ts';
import { fieldsOf, parseJson } from '../typed.ts';
import { conformObject } from './conform.ts';
import type { KubectlEnd, KubectlStart } from './kubectl.ts';
import { pathOf, type ListedObject, type ListRequest } from './pages.ts';

/** A change of a list that is watched. */
export interface WatchEvent {
  /** A BOOKMARK has a `resourceVersion` alone. */
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: ListedObject;
}

/** A watch that runs. Its events must be read to the end, or it must be stopped. */
export interface Watch {
  /**
   * The changes as they come, until the watch ends.
   * @throws LIST_EXPIRED when the list must be read again; API_FAILED for another error of the API server
   */
  readonly events: AsyncGenerator<WatchEvent, void>;
  /** Never rejects. */
  readonly ended: Promise<KubectlEnd>;
  readonly stop: () => void;
}

/** Seconds until the API server ends a watch: a kubectl that nobody reads any more ends by then. */
const endsAfter = 240;
/** Characters of an event: the API server stores objects of up to 1.5 MiB. */
const longestEvent = 8 * 1024 * 1024;

/**
 * Watches a list from a version on. `kubectl get --watch` would read the whole list first, and print it with white
 * space; this takes the same right, to watch.
 * @param version of the list, or of the last event
 */
export function startWatch(start: KubectlStart, request: ListRequest, version: string): Watch {
  const path = pathOf(request, {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    timeoutSeconds: String(endsAfter),
  });
  const running = start(['get', '--raw', path], { detached: true });
  return { events: readEvents(running.stdout), ended: running.ended, stop: running.kill };
}

/** The events of a watch: JSON, one a line. @throws as {@link Watch.events} */
export async function* readEvents(output: AsyncIterable<unknown>): AsyncGenerator<WatchEvent, void> {
  const text = new TextDecoder();
  let line = '';
  for await (const piece of output) {
    const [first = '', ...others] = text.decode(piece as Uint8Array, { stream: true }).split('\n');
    line += first;
    if (line.length > longestEvent) throw codedError('ANSWER_TOO_LARGE', 'an event of the watch is too large');
    for (const next of others) {
      const event = eventOf(line);
      line = next;
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(line: string): WatchEvent | undefined {
  const { type, object } = fieldsOf(parseJson(line));
  if (type === 'ERROR') {
    const { code, message } = fieldsOf(object);
    throw codedError(code === 410 ? 'LIST_EXPIRED' : 'API_FAILED', String(message));
  }
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK') return undefined;
  return { type, object: conformObject(object) as ListedObject };
}
