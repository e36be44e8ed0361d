/**
 * Real servers and clients of Node on loopback, in a network namespace of their own: TLS whose server wants another key
 * share (HelloRetryRequest), a connection with keep-alives, and DNS over TCP in IPv6. The capture runs beside it; the
 * arguments are the server's key and certificate.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { bytesOf } from '../pcapng/captureBytes.ts';
import { dnsAnswer, dnsBytes } from './frames.ts';

const [keyFile = '', certificateFile = ''] = process.argv.slice(2);
const [key, cert] = [readFileSync(keyFile), readFileSync(certificateFile)];

const secure = createTlsServer({ key, cert, ecdhCurve: 'P-521' }, (socket) => socket.end('hello')).listen(443);
await once(secure, 'listening');
for (const host of ['127.0.0.1', '::1']) {
  const socket = connectTls({
    host,
    port: 443,
    servername: 'new.shop.example',
    rejectUnauthorized: false,
    ecdhCurve: 'X25519:P-521',
  });
  await once(socket.resume(), 'close');
}

const silent = createServer((socket) => socket.resume()).listen(80);
await once(silent, 'listening');
const kept = connect(80, '127.0.0.1');
await once(kept, 'connect');
kept.write('once');
kept.setKeepAlive(true, 1000);
await sleep(3500);
kept.end();
await once(kept, 'close');

const names = createServer((socket) => {
  socket.on('data', (query: Buffer) => {
    const answer = dnsAnswer(query.subarray(2));
    socket.write(bytesOf(false, [2, answer.length], answer));
  });
}).listen(53, '::1');
await once(names, 'listening');
const asker: Socket = connect(53, '::1');
await once(asker, 'connect');
for (const [id, name] of ['db.shop.example', 'gone.shop.example'].entries()) {
  const query = dnsBytes({ id, name });
  asker.write(bytesOf(false, [2, query.length], query));
  await once(asker, 'data');
}
asker.end();
await once(asker, 'close');
process.exit(0);
