import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/**
 * The ceiling: what any admission server on Node does at least. It reads and parses each review, and answers it under
 * its uid with the same patch.
 */
const [, , certificates = '', patchFile = ''] = process.argv;
const patch = readFileSync(patchFile).toString('base64');
const server = createServer(
  { cert: readFileSync(`${certificates}/tls.crt`), key: readFileSync(`${certificates}/tls.key`) },
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const {
        apiVersion,
        kind,
        request: { uid },
      } = JSON.parse(Buffer.concat(chunks).toString()) as {
        apiVersion: string;
        kind: string;
        request: { uid: string };
      };
      const answer = JSON.stringify({
        apiVersion,
        kind,
        response: { uid, allowed: true, patchType: 'JSONPatch', patch },
      });
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
        .end(answer);
    });
  },
);
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
