import type { Writable } from 'node:stream';

/** One line of the log; the values are plain data. */
export interface LogEvent {
  readonly event: string;
  readonly [key: string]: unknown;
}

/** Writes events as lines of JSON. */
export interface Log {
  readonly write: (event: LogEvent) => void;
  /** Writes the waiting lines to the stream. Calls `done` when they are written or cannot be written. */
  readonly flush: (done?: () => void) => void;
}

/** The most bytes that wait for a slow reader: about 4000 lines. */
const maxWaitingBytes = 1024 * 1024;

/** Lines are collected for so long, or up to so many bytes, and written in one call. */
const gatherMs = 50;
const gatherBytes = 32 * 1024;

/**
 * So many events are formatted at a time, which is much faster than one at a time between other work. Not more, because
 * objects that live longer move to V8's old generation, whose garbage collections take longer.
 */
const gatherEvents = 16;

/**
 * Makes a log on a stream. Nothing waits for the stream: when its buffer is full, lines are dropped.
 * @param onDrop is called for each dropped line
 */
export function makeLog(stream: Writable, onDrop: () => void): Log {
  // The reader has gone. Reviews are still answered, without log lines.
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

/** Formats times in milliseconds as ISO 8601. Equal times in a row, which are usual, are formatted once. */
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
 * A line of JSON with all other characters than ASCII escaped. The API server validates a pod's name only after
 * admission, and some readers break lines at U+2028, and terminals execute sequences after U+009B.
 */
function inAscii(line: string): string {
  return line.replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
