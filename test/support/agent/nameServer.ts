import { createSocket } from 'node:dgram';

/**
 * A name server on 127.0.0.1 that gives every name the address of its first argument, and has none of IPv6. Ends with
 * its standard input.
 */
const address = (process.argv[2] ?? '').split('.').map(Number);
const server = createSocket('udp4');

server.on('message', (query, { port }) => {
  const end = query.indexOf(0, 12) + 5;
  const question = query.subarray(12, end);
  const isA = question.readUInt16BE(question.length - 4) === 1;
  const head = Buffer.from([...query.subarray(0, 2), 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
  const answer = isA ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address]) : Buffer.alloc(0);
  server.send(Buffer.concat([head, question, answer]), port, '127.0.0.1');
});
server.bind(53, '127.0.0.1', () => {
  process.stdout.write('ready\n');
});
process.stdin.on('end', () => process.exit()).resume();
