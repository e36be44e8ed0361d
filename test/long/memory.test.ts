import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { realReviews } from '../support/webhook/attackInputs.ts';
import { attack } from '../support/webhook/attackRun.ts';
import { call, metric, responseOf } from '../support/webhook/client.ts';
import {
  host,
  makeMounts,
  newCertificates,
  startInjector,
  type Mounts,
  type RunningInjector,
} from '../support/webhook/injector.ts';
import { podOf, bodyOf } from '../support/webhook/samples.ts';

let material: CertificateMaterial;
let mounts: Mounts;
let injector: RunningInjector;
beforeAll(async () => {
  material = await newCertificates();
  mounts = await makeMounts(material);
  // As in its image.
  injector = await startInjector(mounts);
});
afterAll(async () => {
  await injector.stop();
  await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
});

const megabyte = 1e6;

async function residentMegabytes(): Promise<number> {
  return ((await metric(injector, 'process_resident_memory_bytes')) ?? Number.NaN) / megabyte;
}

/** Where a review has its number: a uid, a name, a label and a variable of its own. */
const pieces = (realReviews[0] ?? '')
  .replace(/"uid":"[^"]*"/, '"uid":"00000000-0000-0000-0000-000@"')
  .replaceAll('"tier":"front"', '"tier":"n@"')
  .replace('"generateName":"web-', '"generateName":"web@-')
  .replace('"value":"1"', '"value":"@"')
  .split('@');

function reviewNumber(index: number): string {
  return pieces.join(String(index).padStart(9, '0'));
}

/** Sends `count` different reviews over a few connections, some at once on each, and waits for their answers. */
async function sendDifferent(first: number, count: number): Promise<void> {
  const [connections, batch] = [4, 3];
  let next = first;
  const last = first + count;
  const one = async (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: injector.port, host: '127.0.0.1', servername: host, ca: material.caBundle });
      let [waiting, tail] = [0, ''];
      const sendNext = (): void => {
        if (next >= last) return void socket.end();
        let text = '';
        for (waiting = 0; waiting < batch && next < last; waiting += 1) {
          const body = reviewNumber(next);
          next += 1;
          text += `POST /inject/privileged?timeout=3s HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
        }
        socket.write(text);
      };
      socket
        .setEncoding('latin1')
        .on('error', reject)
        .on('close', () => resolve());
      socket.on('data', (chunk: string) => {
        const parts = (tail + chunk).split('"patch":"');
        tail = parts.at(-1)?.slice(-20) ?? '';
        waiting -= parts.length - 1;
        if (waiting === 0) sendNext();
      });
      socket.once('secureConnect', sendNext);
    });
  await Promise.all(Array.from({ length: connections }, one));
}

test('memory does not grow over 500000 different reviews, with broken and huge ones among them', async () => {
  const [rounds, perRound] = [10, 50_000];
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await sendDifferent(round * perRound, perRound);
    await attack({ injector, ca: material.caBundle }, 500);
    await call(injector.port, material.caBundle, { body: Buffer.alloc(7 * 1024 * 1024 + 1, 32) });
    await sleep(500);
    samples.push(Math.round(await residentMegabytes()));
  }
  console.log(JSON.stringify({ residentMegabytes: samples }));
  const injected = await metric(
    injector,
    'packet_capture_injector_reviews_total{webhook="privileged",decision="injected",reason="opted_in"}',
  );
  expect(injected).toBeGreaterThanOrEqual(rounds * perRound);
  // From the second round on, when V8 has what it needs; 100 bytes kept of each review would be 40 MB.
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(samples.slice(-3)) - mean(samples.slice(1, 4))).toBeLessThan(15);
  expect(Math.max(...samples)).toBeLessThan(200);
});

/** Opens connections with half a request on each. */
async function halfRequests(count: number): Promise<TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = connect({ port: injector.port, host: '127.0.0.1', servername: host, ca: material.caBundle });
    socket.on('error', () => {}).resume();
    await new Promise((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
    socket.write(`POST /inject/privileged HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\n{"half":`);
    sockets.push(socket);
  }
  return sockets;
}

test('1000 clients that never end their requests are disconnected in time, and use no more memory than the container has', async () => {
  const body = bodyOf(podOf());
  const sockets = await halfRequests(1000);
  expect(responseOf(await call(injector.port, material.caBundle, { body })).patch).toBeDefined();
  // The limit of the container.
  expect(await residentMegabytes()).toBeLessThan(256);
  await expect
    .poll(() => sockets.filter(({ destroyed, readyState }) => !destroyed && readyState === 'open').length, {
      timeout: 30_000,
      interval: 500,
    })
    .toBe(0);
  expect(await metric(injector, 'packet_capture_injector_reviews_in_flight')).toBe(0);
  expect(responseOf(await call(injector.port, material.caBundle, { body })).patch).toBeDefined();
});
