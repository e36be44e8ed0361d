import { isCodedError } from '../../errors.ts';
import type { KubectlProcess } from '../../kubernetes/kubectl.ts';
import type { LiveSource } from '../../pcapng/index.ts';
import type { CaptureOrder, CaptureOrders, OrderAnswer } from './captureOrders.ts';
import { captureEnd, type CaptureEnd } from './podCapture.ts';

/** A running capture of one pod. */
export interface RunningCapture {
  /** Never rejects. */
  readonly ended: Promise<CaptureEnd>;
  /** Asks it to end; its last packets still arrive. */
  readonly stop: () => void;
  readonly kill: () => void;
  /** When the last bytes arrived, by the clock of `now`; undefined when none did. */
  readonly lastArrival: () => number | undefined;
  /** Changes it while it runs. Never rejects; `unanswered` without orders. */
  readonly change: (order: CaptureOrder) => Promise<OrderAnswer>;
}

/** How the output of one capture is read: with what clock, and when the reader must wait for the merge. */
export interface ReadOptions {
  /** Called at the first bytes. */
  readonly onBegin: () => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** Resolves when more may be read, and when the stream is ending. */
  readonly ready: () => Promise<void> | undefined;
  /** Of a capture that is changed while it runs; its counters are asked for at each sign of life. */
  readonly orders?: CaptureOrders | undefined;
}

/** Milliseconds between two signs of life; `capture` ends after half a minute without one. */
const aliveEvery = 5000;
/** Milliseconds to wait for the first bytes of a container, because the API server may wait much longer. */
const beginsWithin = 20_000;

/** Reads a capture into a merge until it ends. */
export function readCapture(process: KubectlProcess, source: LiveSource, options: ReadOptions): RunningCapture {
  const { stdin } = process;
  // The process may end at any moment.
  stdin?.on('error', () => {});
  const { orders } = options;
  const sayAlive = (): void => {
    if (orders === undefined) stdin?.write('\n');
    else orders.ask((line) => stdin?.write(line));
  };
  const alive = setInterval(sayAlive, aliveEvery);
  let lastArrival: number | undefined;
  const now = (): number => (lastArrival = options.now());
  let killed = false;
  const kill = (): void => {
    killed = true;
    process.kill();
  };
  const toEnd = async (): Promise<CaptureEnd> => {
    const onBegin = (): void => {
      options.onBegin();
      if (orders !== undefined) sayAlive();
    };
    const end = await readToEnd(process, source, { ...options, onBegin, now });
    clearInterval(alive);
    orders?.end();
    return killed ? { ...end, reason: 'it did not end in time' } : end;
  };
  const change = async (order: CaptureOrder): Promise<OrderAnswer> =>
    orders === undefined ? { type: 'unanswered' } : orders.send(order, (line) => stdin?.write(line));
  return { ended: toEnd(), stop: () => stdin?.end(), kill, lastArrival: () => lastArrival, change };
}

async function readToEnd(process: KubectlProcess, source: LiveSource, options: ReadOptions): Promise<CaptureEnd> {
  let silent = false;
  const patience = setTimeout(() => {
    silent = true;
    process.kill();
  }, beginsWithin);
  const problem = await pushAll(process, source, options, () => clearTimeout(patience));
  clearTimeout(patience);
  if (problem !== undefined) process.kill();
  const end = captureEnd(await process.ended);
  const truncated = source.end() !== undefined && end.code === 0 ? 'it ended within a packet' : undefined;
  const reason = problem ?? (silent ? `nothing came within ${beginsWithin / 1000}s` : (end.reason ?? truncated));
  return { ...end, reason };
}

/** Reads to the end; returns what is wrong with the bytes, or undefined. */
async function pushAll(
  { stdout }: KubectlProcess,
  source: LiveSource,
  { onBegin, now, ready }: ReadOptions,
  begun: () => void,
): Promise<string | undefined> {
  let first = true;
  try {
    for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
      if (first) {
        begun();
        onBegin();
      }
      first = false;
      source.push(chunk, now());
      await ready();
    }
  } catch (error) {
    // Any other error is a broken pipe, which kubectl reports.
    return isCodedError(error) ? error.message : undefined;
  }
  return undefined;
}
