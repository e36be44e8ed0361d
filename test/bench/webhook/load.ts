import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';

/** What is sent, and how much of it; one JSON argument of this program. */
export interface LoadRequest {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  /** Files. */
  readonly ca: string;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

/** What this program prints. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 200. */
  readonly failures: number;
}

const { port, host, path, ca, body, connections, seconds } = JSON.parse(process.argv[2] ?? '{}') as LoadRequest;
const content = readFileSync(body);
const head = `POST ${path}?timeout=3s HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\n\r\n`;
const bytes = Buffer.concat([Buffer.from(head), content]);
const authority = readFileSync(ca);

/** One connection that sends the next request as soon as it has an answer; the times of all of them, in ms. */
async function sendUntil(deadline: number, latencies: number[]): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', servername: host, ca: authority });
  let failures = 0;
  let from = 0;
  let answer: Buffer = Buffer.alloc(0);
  const send = (): void => {
    from = performance.now();
    socket.write(bytes);
  };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('secureConnect', send);
    socket.on('data', (chunk: Buffer) => {
      answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk]);
      const end = answer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const text = answer.toString('latin1', 0, end);
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (answer.length < end + 4 + length) return;
      const now = performance.now();
      latencies.push(now - from);
      if (!text.startsWith('HTTP/1.1 200')) failures += 1;
      answer = Buffer.alloc(0);
      if (now < deadline) return send();
      socket.end();
      resolve(failures);
    });
  });
}

const latencies: number[] = [];
const from = performance.now();
const failures = await Promise.all(Array.from({ length: connections }, () => sendUntil(from + seconds * 1000, latencies)));
const elapsed = (performance.now() - from) / 1000;
const sorted = latencies.toSorted((a, b) => a - b);
const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
const result: LoadResult = {
  requestsPerSecond: latencies.length / elapsed,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  failures: failures.reduce((sum, count) => sum + count, 0),
};
console.log(JSON.stringify(result));
