/**
 * Sends UDP packets as it is told: a line of JSON on standard input for each task, and a line with its name on standard
 * output when the kernel has taken all packets. Tasks may overlap.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SendTask {
  /** Says which one it is; none unless told. */
  readonly task?: number;
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

async function send({ task, address, port, count, first, size, perSecond }: SendTask): Promise<void> {
  let number = first;
  const sendOne = (): Promise<void> =>
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
    if (batch > 0) await Promise.all(Array.from({ length: batch }, sendOne));
    else await sleep(1);
    sent += batch;
  }
  process.stdout.write(`${task ?? ''}\n`);
}

const tasks: Promise<void>[] = [];
for await (const line of createInterface(process.stdin)) tasks.push(send(JSON.parse(line) as SendTask));
await Promise.all(tasks);
socket.close();
