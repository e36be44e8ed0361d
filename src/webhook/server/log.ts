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
 * A log on a stream that is never waited for: a line that finds the stream's buffer full is dropped.
 * @param onDrop is called for each of those
 */
export function makeLog(stream: Writable, onDrop: () => void): Log {
  // Nobody reads any more: an answer matters more than its log line.
  stream.on('error', onDrop);
  const timeOf = makeClock();
  let lines = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (done?: () => void): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = inAscii(lines);
    lines = '';
    if (text !== '' || done !== undefined) stream.write(text, done);
  };
  return {
    flush,
    write: (event) => {
      if (stream.writableLength + lines.length > maxWaitingBytes) return onDrop();
      lines += `${JSON.stringify({ time: timeOf(Date.now()), ...event })}\n`;
      if (lines.length > gatherBytes) flush();
      else timer ??= setTimeout(flush, gatherMs);
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
 * Lines of JSON in ASCII alone. A pod's name is not validated yet when it is reviewed, and readers break lines at U+2028 and
 * terminals obey U+009B.
 */
function inAscii(lines: string): string {
  return lines.replaceAll(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
