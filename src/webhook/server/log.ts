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
    else stream.write(`${inAscii(JSON.stringify({ time: new Date().toISOString(), ...event }))}\n`);
  };
}

/**
 * JSON text in ASCII alone. A pod's name is not validated yet when it is reviewed, and readers break lines at U+2028 and
 * terminals obey U+009B.
 */
function inAscii(json: string): string {
  return json.replaceAll(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
