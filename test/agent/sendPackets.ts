/**
 * Sends UDP packets as it is told: a line of JSON on standard input for each task, and an empty line on standard output
 * when the kernel has taken all packets.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SendTask {
  readonly address: string;
  readonly port: number;
  readonly count: number;
  /** The number with which the first one begins, in four bytes. */
  readonly first: number;
  /** Bytes of payload. */
  readonly size: number;
  /** 0: as fast as it goes. */
  readonly perSecond: number;
}

const socket = createSocket('udp4');
socket.bind(0);
await once(socket, 'listening');

for await (const line of createInterface(process.stdin)) {
  const { address, port, count, first, size, perSecond } = JSON.parse(line) as SendTask;
  let number = first;
  const send = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const payload = Buffer.alloc(size);
      payload.writeUInt32BE(number);
      number += 1;
      socket.send(payload, port, address, (error) => (error === null ? resolve() : reject(error)));
    });
  const start = performance.now();
  for (let sent = 0; sent < count;) {
    const due =
      perSecond === 0 ? count : Math.min(count, Math.floor(((performance.now() - start) / 1000) * perSecond) + 1);
    // In small batches: a socket's buffer holds about two hundred packets.
    const batch = Math.min(due - sent, 64);
    if (batch > 0) await Promise.all(Array.from({ length: batch }, send));
    else await sleep(1);
    sent += batch;
  }
  process.stdout.write('\n');
}
socket.close();
