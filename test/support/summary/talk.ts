/**
 * Real servers and clients of Node on loopback, in a network namespace of their own: HTTP/1, TLS of several kinds, DNS
 * over UDP, a port that refuses. The capture runs beside it; the arguments are the server's key and certificate.
 */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type ConnectionOptions } from 'node:tls';
import { dnsAnswer } from './frames.ts';

const [keyFile = '', certificateFile = ''] = process.argv.slice(2);
const host = '127.0.0.1';

const web = createServer((asked, answer) => {
  asked.resume();
  asked.on('end', () => {
    answer.statusCode = asked.url === '/down' ? 503 : asked.url === '/none' ? 404 : 200;
    if (asked.url === '/chunks') {
      answer.write('x'.repeat(9000));
      setTimeout(() => answer.end('the end'), 5);
    } else answer.end('x'.repeat(100));
  });
}).listen(80, host);
await once(web, 'listening');

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
async function ask(path: string, options: RequestOptions = {}, body = ''): Promise<void> {
  const asked = request({ agent, host, port: 80, path, ...options });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
  answer.resume();
  await once(answer, 'end');
}
await ask('/');
await ask('/chunks');
await ask('/down');
await ask('/none', { method: 'HEAD' });
await ask('/put', { method: 'PUT' }, 'y'.repeat(3000));
agent.destroy();

const secure = createTlsServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) }, (socket) => {
  socket.on('error', () => {});
  socket.end('hello');
}).listen(443, host);
secure.on('tlsClientError', () => {});
await once(secure, 'listening');
async function greet(options: ConnectionOptions): Promise<void> {
  const socket = connectTls({ host, port: 443, rejectUnauthorized: false, ...options });
  socket.on('error', () => {});
  socket.resume();
  // `once` would end with the error of a refused handshake.
  await new Promise((resolve) => {
    socket.on('close', resolve);
  });
}
await greet({ servername: 'new.shop.example' });
await greet({ servername: 'new.shop.example' });
await greet({ servername: 'old.shop.example', maxVersion: 'TLSv1.2' });
await greet({ servername: 'weak.shop.example', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });

const names = createSocket('udp4');
names.on('message', (query, { port, address }) => names.send(dnsAnswer(query), port, address));
names.bind(53, host);
await once(names, 'listening');
const resolver = new Resolver({ timeout: 500, tries: 1 });
resolver.setServers([host]);
for (const name of ['db.shop.example', 'gone.shop.example', 'gone.shop.example'])
  await resolver.resolve4(name).catch(() => undefined);

const refused = connect(81, host);
await once(refused, 'error');
process.exit(0);
