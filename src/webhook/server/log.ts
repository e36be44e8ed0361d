import type { Writable } from 'node:stream';

/** Writes one event as a line of JSON. */
export type Log = (event: Readonly<Record<string, unknown>>) => void;

/** What may wait for a reader that is slow; about 4000 lines. */
const maxWaitingBytes = 1024 * 1024;

/**
 * A log on a stream that is never waited for: a line that finds the stream's buffer full is dropped.
 * @param onDrop is called for each of those
 */
export function makeLog(stream: Writable, onDrop: () => void): Log {
  // Nobody reads any more: an answer matters more than its log line.
  stream.on('error', onDrop);
  return (event) => {
    if (stream.writableLength > maxWaitingBytes) onDrop();
    else stream.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
  };
}
