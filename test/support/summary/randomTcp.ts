import { tcpFrame } from './frames.ts';
import { randomNumbers } from './traffic.ts';

/** A packet and the time since the one before, in nanoseconds. */
export interface TimedFrame {
  readonly after: number;
  readonly frame: Uint8Array;
}

/**
 * Connections of which nothing is as it should be: segments lost, repeated, overtaken, keep-alives, windows that close
 * and open, resets, the same ports again. What tshark calls each of them, is what this is for.
 */
export function randomTcp(seed: number, connections: number): TimedFrame[] {
  const random = randomNumbers(seed);
  const frames: TimedFrame[] = [];
  const pick = (count: number): number => Math.floor(random() * count);
  for (let number = 0; number < connections; number += 1) {
    const client = { address: `10.0.${number >> 6}.${number & 63}`, port: 40_000 + pick(3), next: pick(2 ** 32) };
    const server = { address: '10.9.9.9', port: 8000 + pick(2), next: pick(2 ** 32) };
    const send = (fromClient: boolean, flags: string, length: number, shift: number, window: number): void => {
      const [from, to] = fromClient ? [client, server] : [server, client];
      frames.push({
        after: [0, 1000, 50_000, 500_000, 2_500_000, 15_000_000, 250_000_000][pick(7)] ?? 0,
        frame: tcpFrame({
          source: from.address,
          sourcePort: from.port,
          destination: to.address,
          destinationPort: to.port,
          sequence: from.next + shift,
          ack: flags.includes('A') ? to.next - [0, 0, 0, 0, 100, -200][pick(6)]! : 0,
          flags,
          window,
          data: new Uint8Array(length),
        }),
      });
      const extra = flags.includes('S') || flags.includes('F') ? 1 : 0;
      if (shift >= 0) from.next += shift + length + extra;
    };
    const windows = [0, 0, 100, 500, 500, 65_535];
    if (pick(4) > 0) {
      send(true, 'S', 0, 0, 65_535);
      if (pick(6) === 0) send(true, 'S', 0, -1, 65_535);
      if (pick(8) > 0) send(false, 'SA', 0, 0, 65_535);
      send(true, 'A', 0, 0, 500);
    }
    const count = 5 + pick(60);
    for (let segment = 0; segment < count; segment += 1) {
      const fromClient = pick(2) === 0;
      const shift = [0, 0, 0, 0, -1, -100, -200, -1000, 100, 1460][pick(10)] ?? 0;
      const length = [0, 0, 0, 1, 1, 2, 100, 200, 1000][pick(9)] ?? 0;
      const flags =
        ['A', 'A', 'A', 'A', 'A', 'PA', 'PA', 'FA', 'RA', 'R', 'S', 'SA'][pick(pick(3) === 0 ? 12 : 7)] ?? 'A';
      const repeats = pick(5) === 0 ? 1 + pick(4) : 1;
      for (let time = 0; time < repeats; time += 1)
        send(fromClient, flags, repeats > 1 ? 0 : length, shift, windows[pick(6)] ?? 0);
    }
  }
  return frames;
}
