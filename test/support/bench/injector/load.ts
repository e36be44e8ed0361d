import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { makeReview } from './review.ts';

/** What is sent, and how much of it; one JSON argument of this program. */
export interface LoadRequest {
  readonly port: number;
  /** The name in the server's certificate. */
  readonly host: string;
  readonly path: string;
  /** File of the CA. */
  readonly ca: string;
  readonly connections: number;
  readonly seconds: number;
}

/** What this program prints. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requests: number;
  /** Answers that are no patch for the review that was sent. */
  readonly failures: number;
}

const { port, host, path, ca, connections, seconds } = JSON.parse(process.argv[2] ?? '{}') as LoadRequest;
const authority = readFileSync(ca);

/** Of one length, so that a request can be written again under another uid. */
function uidOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** Requests that were written out before the first is sent; each of them is on its way once at most. */
const prepared = Array.from({ length: 1024 }, (_, number) => {
  const body = JSON.stringify(makeReview(number, uidOf(0)));
  const head = `POST ${path}?timeout=3s HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: kube-apiserver-admission\r\nContent-Length: ${Buffer.byteLength(body)}\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n`;
  const bytes = Buffer.from(head + body);
  return { bytes, uidAt: bytes.indexOf(uidOf(0)) };
});
let sent = 0;

/** One connection that sends the next review as soon as it has an answer; the times of all of them, in ms. */
async function sendUntil(deadline: number, latencies: number[]): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', servername: host, ca: authority });
  socket.setNoDelay(true);
  let failures = 0;
  let from = 0;
  let uid = '';
  let answer: Buffer = Buffer.alloc(0);
  const send = (): void => {
    const next = prepared[sent % prepared.length];
    sent += 1;
    uid = uidOf(sent);
    next?.bytes.write(uid, next.uidAt, 'latin1');
    from = performance.now();
    socket.write(next?.bytes ?? '');
  };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('secureConnect', send);
    socket.on('data', (chunk: Buffer) => {
      answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk]);
      const end = answer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = answer.toString('latin1', 0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (answer.length < end + 4 + length) return;
      const now = performance.now();
      latencies.push(now - from);
      if (
        !head.startsWith('HTTP/1.1 200') ||
        !answer.includes(uid, end, 'latin1') ||
        !answer.includes('"patchType":"JSONPatch"', end, 'latin1')
      )
        failures += 1;
      answer = Buffer.alloc(0);
      if (now < deadline) return send();
      socket.end();
      resolve(failures);
    });
  });
}

const latencies: number[] = [];
const from = performance.now();
const failures = await Promise.all(
  Array.from({ length: connections }, async () => sendUntil(from + seconds * 1000, latencies)),
);
const elapsed = (performance.now() - from) / 1000;
const sorted = latencies.toSorted((a, b) => a - b);
const at = (share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
const result: LoadResult = {
  requestsPerSecond: latencies.length / elapsed,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  requests: latencies.length,
  failures: failures.reduce((sum, count) => sum + count, 0),
};
console.log(JSON.stringify(result));
