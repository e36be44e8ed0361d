import type { Writable } from 'node:stream';

export interface LogEvent {
  readonly event: string;
  readonly [key: string]: unknown;
}

/** Events as lines of JSON. */
export interface Log {
  readonly write: (event: LogEvent) => void;
  /** Hands the stream the lines that wait; calls back when they are written, or cannot be. */
  readonly flush: (done?: () => void) => void;
}

/** What may wait for a reader that is slow; about 4000 lines. */
const maxWaitingBytes = 1024 * 1024;

/** Many lines go in one write, and no line is late. */
const gatherMs = 50;
const gatherBytes = 32 * 1024;

/**
 * Events that are written out together: far quicker than one at a time between other work. Not too many, since what
 * waits for long grows old in V8's heap, and is garbage then that only a long collection finds.
 */
const gatherEvents = 16;

/**
 * A log on a stream that is never waited for: a line that finds the stream's buffer full is dropped.
 * @param onDrop is called for each of those
 */
export function makeLog(stream: Writable, onDrop: () => void): Log {
  // Nobody reads any more: an answer matters more than its log line.
  stream.on('error', onDrop);
  const timeOf = makeClock();
  let events: { readonly time: number; readonly event: LogEvent }[] = [];
  let waiting = Buffer.allocUnsafeSlow(gatherBytes);
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const writeBytes = (done?: () => void): void => {
    if (bytes === 0 && done === undefined) return;
    const lines = waiting.subarray(0, bytes);
    waiting = Buffer.allocUnsafeSlow(gatherBytes);
    bytes = 0;
    stream.write(lines, done);
  };
  const format = (): void => {
    for (const { time, event } of events) {
      if (stream.writableLength + bytes > maxWaitingBytes) {
        onDrop();
        continue;
      }
      const line = inAscii(`${JSON.stringify({ time: timeOf(time), ...event })}\n`);
      if (bytes + line.length > gatherBytes) writeBytes();
      if (line.length > gatherBytes) stream.write(line);
      else bytes += waiting.write(line, bytes, 'latin1');
    }
    events = [];
  };
  const flush = (done?: () => void): void => {
    clearTimeout(timer);
    timer = undefined;
    format();
    writeBytes(done);
  };
  return {
    flush,
    write: (event) => {
      events.push({ time: Date.now(), event });
      if (events.length >= gatherEvents) format();
      timer ??= setTimeout(flush, gatherMs);
    },
  };
}

/** ISO 8601 of a time in ms; a time that comes again is not written out again. */
function makeClock(): (time: number) => string {
  let last = Number.NaN;
  let text = '';
  return (time) => {
    if (time !== last) text = new Date(time).toISOString();
    last = time;
    return text;
  };
}

/**
 * A line of JSON in ASCII alone. A pod's name is not validated yet when it is reviewed, and readers break lines at
 * U+2028 and terminals obey U+009B.
 */
function inAscii(line: string): string {
  return line.replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
