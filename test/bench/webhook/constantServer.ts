import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What any admission server on Node costs at least: it reads each request to its end and answers with the same bytes. */
const [, , folder = '', answerFile = ''] = process.argv;
const answer = readFileSync(answerFile);
const server = createServer({ cert: readFileSync(`${folder}/tls.crt`), key: readFileSync(`${folder}/tls.key`) }, (request, response) => {
  request.on('data', () => {});
  request.on('end', () => response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer));
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
