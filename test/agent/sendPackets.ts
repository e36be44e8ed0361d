/** sendPackets.ts ADDRESS PORT COUNT SIZE PER_SECOND: sends UDP packets; 0 per second means as fast as it goes. */
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

const [address = '', ...numbers] = process.argv.slice(2);
const [port = 0, count = 0, size = 0, perSecond = 0] = numbers.map(Number);
const socket = createSocket('udp4');
const payload = Buffer.alloc(size);
const send = (): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(payload, port, address, (error) => (error === null ? resolve() : reject(error)));
  });

const start = performance.now();
for (let sent = 0; sent < count; ) {
  const due = perSecond === 0 ? count : Math.min(count, Math.floor(((performance.now() - start) / 1000) * perSecond) + 1);
  // In small batches: a socket's buffer holds about two hundred packets.
  const batch = Math.min(due - sent, 64);
  if (batch > 0) await Promise.all(Array.from({ length: batch }, send));
  else await sleep(1);
  sent += batch;
}
socket.close();
