import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { CapturedPod, FoundPods } from '../../../src/captures/index.ts';
import { streamPods, type StreamEvent, type StreamOptions } from '../../../src/captures/stream/index.ts';
import type { KubectlEnd, KubectlProcess } from '../../../src/kubernetes/kubectl.ts';
import { interfaceBlock, packetBlock, sectionBlock } from '../pcapng/captureBytes.ts';

/** A capture as kubectl hands it over; it ends when its standard input does, unless it is stubborn. */
export function capture(stubborn = false): {
  process: KubectlProcess;
  send: (...milliseconds: number[]) => void;
  end: (end?: Partial<KubectlEnd>) => void;
} {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  let finish: (end: KubectlEnd) => void = () => {};
  const ended = new Promise<KubectlEnd>((resolve) => {
    finish = resolve;
  });
  const end = (how: Partial<KubectlEnd> = {}): void => {
    stdout.end();
    finish({ code: 0, stderr: '', ...how });
  };
  stdout.write(Buffer.concat([sectionBlock(true), interfaceBlock(true, 1, 0, [{ code: 2, value: 'eth0' }])]));
  if (!stubborn) stdin.on('finish', () => end());
  const send = (...times: number[]): void => {
    for (const time of times) stdout.write(packetBlock(true, 0, BigInt(time * 1000), Uint8Array.of(1)));
  };
  return { process: { stdin, stdout, ended, kill: () => end({ code: undefined }) }, send, end };
}

/** A stream that runs: its events as words, and its captures and bytes so far. */
export interface Run {
  readonly events: string[];
  readonly captures: Map<string, ReturnType<typeof capture>[]>;
  readonly pieces: Uint8Array[];
  readonly set: (...pods: CapturedPod[]) => void;
  readonly stop: () => void;
  readonly result: ReturnType<typeof streamPods>;
}

/** Streams from pods; each capture is one of {@link capture}. */
export function run(pods: readonly CapturedPod[], more: Partial<StreamOptions> = {}): Run {
  const stopped = new AbortController();
  const events: string[] = [];
  const captures: Run['captures'] = new Map();
  const pieces: Uint8Array[] = [];
  let found: FoundPods = { captured: pods, without: [], where: 'deployment/web in namespace shop' };
  const onEvent = (event: StreamEvent): void => {
    if (event.type === 'left_out') events.push(`left_out ${event.pods.map(({ name }) => name).join(',')}`);
    else if (event.type !== 'progress')
      events.push(
        [event.type, 'pod' in event ? event.pod.name : '', 'reason' in event ? event.reason : ''].join(' ').trim(),
      );
  };
  const result = streamPods({
    find: async () => found,
    open: ({ name }) => {
      const made = capture();
      captures.set(name, [...(captures.get(name) ?? []), made]);
      return made.process;
    },
    wanted: {},
    mostPods: 100,
    write: async (bytes) => {
      pieces.push(bytes);
    },
    stop: stopped.signal,
    onEvent,
    application: 'test',
    ...more,
  });
  result.catch(() => {});
  return {
    events,
    captures,
    pieces,
    result,
    set: (...now) => (found = { ...found, captured: now }),
    stop: () => stopped.abort(),
  };
}

/** Waits until something holds, 8 s at most. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 8000; !holds(); await sleep(20))
    expect(performance.now(), what).toBeLessThan(end);
}
