import { request as plainRequest } from 'node:http';
import { connect as connectPlain } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { patienceMs } from '../support/patience.ts';
import { rawRequest } from '../support/webhook/attackSocket.ts';
import { call, keepAliveAgent, metric, responseOf } from '../support/webhook/client.ts';
import { floodBodies } from '../support/webhook/floodBodies.ts';
import {
  host,
  makeMounts,
  newCertificates,
  startInjector,
  type Mounts,
  type RunningInjector,
} from '../support/webhook/injector.ts';
import { bodyOf, podOf } from '../support/webhook/samples.ts';

let material: CertificateMaterial;
let mounts: Mounts;
let injector: RunningInjector;
const open: { destroy: () => unknown }[] = [];
beforeAll(async () => {
  material = await newCertificates();
  mounts = await makeMounts(material);
  injector = await startInjector(mounts, [
    '--max-connections',
    '16',
    '--max-parsed',
    '64Ki',
    '--max-bodies',
    '160Ki',
    '--max-json-values',
    '1000',
    '--head-timeout',
    '1s',
    '--body-timeout',
    '2s',
  ]);
});
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});
afterAll(async () => {
  await injector.stop();
  await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
});

const body = bodyOf(podOf());
const head = (length: number): string =>
  `POST /inject/privileged HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n`;

async function secure(from = '127.0.0.1'): Promise<TLSSocket> {
  const socket = connect({
    port: injector.port,
    host: '127.0.0.1',
    servername: host,
    ca: material.caBundle,
    localAddress: from,
  } as Parameters<typeof connect>[1] & { port: number });
  open.push(socket);
  socket.on('error', () => {}).setEncoding('latin1');
  await new Promise((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
  return socket;
}

/** Everything that a connection receives until it is closed. */
async function rest(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  await new Promise((resolve) => (socket.destroyed ? resolve(undefined) : socket.once('close', resolve)));
  return text;
}

async function elapsed(work: Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work;
  return performance.now() - from;
}

const review = async (): Promise<unknown> => responseOf(await call(injector.port, material.caBundle, { body })).patch;

describe('the limits of time', () => {
  test('close a connection with an incomplete head after the configured time, and no idle connection', async () => {
    const [slow, resting, kept] = [await secure(), await secure(), await secure()];
    kept.write(head(body.length) + body);
    await sleep(200);
    slow.write('POST /inject/privi');
    kept.write('POST /inj');
    const closed = Promise.all([rest(slow), rest(kept)]);
    expect(await elapsed(closed)).toBeGreaterThan(700);
    expect(resting.destroyed).toBe(false);
    resting.write(head(body.length) + body);
    expect(await new Promise((resolve) => resting.once('data', resolve))).toMatch(/^HTTP\/1.1 200/);
    expect(
      await metric(injector, 'packet_capture_injector_closed_connections_total{reason="slow"}'),
    ).toBeGreaterThanOrEqual(2);
  });
  test('close a connection without a handshake', async () => {
    const silent = connectPlain(injector.port, '127.0.0.1');
    open.push(silent);
    const closed = new Promise((resolve) => silent.once('close', resolve).resume());
    expect(await elapsed(closed)).toBeGreaterThan(700);
  });
  test('have a separate time for the body', async () => {
    const socket = await secure();
    socket.write(head(1000) + body.slice(0, 100));
    const answer = rest(socket);
    const took = await elapsed(answer);
    expect(await answer).toMatch(/^HTTP\/1.1 408 /);
    expect(took).toBeGreaterThan(1500);
  });
});

describe('the limits of connections', () => {
  test('close the oldest of a client with many, let others in, and keep that of an API server', async () => {
    const agent = keepAliveAgent(material.caBundle);
    await call(injector.port, material.caBundle, { body, agent });
    const [socket] = Object.values(agent.freeSockets).flat();
    const idle: TLSSocket[] = [];
    for (let index = 0; index < 40; index += 1) idle.push(await secure('127.0.0.2'));
    await expect
      .poll(() => idle.filter(({ destroyed, readyState }) => !destroyed && readyState === 'open').length)
      .toBe(8);
    expect(idle[39]?.destroyed).toBe(false);
    expect(await review()).toBeDefined();
    expect(responseOf(await call(injector.port, material.caBundle, { body, agent })).patch).toBeDefined();
    expect(Object.values(agent.freeSockets).flat()).toEqual([socket]);
    expect(await metric(injector, 'packet_capture_injector_connections')).toBeLessThanOrEqual(8 + 2);
    expect(
      await metric(injector, 'packet_capture_injector_closed_connections_total{reason="crowded"}'),
    ).toBeGreaterThanOrEqual(32);
    agent.destroy();
  });
  test('leave half of the places to clients without an answer', async () => {
    const clients: TLSSocket[] = [];
    for (let index = 0; index < 20; index += 1) {
      const socket = await secure('127.0.0.2');
      socket.write(head(body.length) + body);
      await new Promise((resolve) => socket.once('data', resolve));
      clients.push(socket);
    }
    await expect
      .poll(() => clients.filter(({ destroyed, readyState }) => !destroyed && readyState === 'open').length)
      .toBe(8);
    expect(await review()).toBeDefined();
  });
  test('allow eight unanswered requests of a connection', async () => {
    const { statuses, closed } = await rawRequest(
      injector.port,
      material.caBundle,
      [(head(body.length) + body).repeat(100)],
      { quietMs: patienceMs },
    );
    expect(statuses.length).toBeLessThan(20);
    expect(closed).toBe(true);
    const within = await rawRequest(injector.port, material.caBundle, [(head(body.length) + body).repeat(8)], {
      answers: 8,
      quietMs: patienceMs,
    });
    expect(within.statuses).toHaveLength(8);
  });
});

describe('the limits of bodies', () => {
  test('drop the largest body of the address with the most bytes, with 503', async () => {
    const held = floodBodies.text(60_000);
    const holders = await Promise.all([
      secure('127.0.0.2'),
      secure('127.0.0.2'),
      secure('127.0.0.2'),
      secure('127.0.0.2'),
    ]);
    for (const socket of holders) {
      socket.write(head(held.length));
      socket.write(held.subarray(0, -1));
    }
    await sleep(300);
    const own = await call(injector.port, material.caBundle, { body: bodyOf(podOf({}, { note: 'x'.repeat(40_000) })) });
    expect(responseOf(own).patch).toBeDefined();
    const answers = holders.map(
      async (socket) => new Promise<string>((resolve) => socket.once('data', (chunk: string) => resolve(chunk))),
    );
    for (const socket of holders) socket.write(held.subarray(-1));
    const texts = await Promise.all(answers);
    expect(texts.filter((text) => text.startsWith('HTTP/1.1 200')).length).toBeGreaterThanOrEqual(1);
    const refused = texts.filter((text) => text.startsWith('HTTP/1.1 503'));
    expect(refused.length).toBeGreaterThanOrEqual(2);
    expect(refused[0]).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(refused[0]).toMatch(/\r\nconnection: close\r\n/i);
  });
  test.each(['objects', 'nested', 'keys', 'numbers', 'containers', 'text'] as const)(
    'allow a review with too many values or levels without a patch: %s',
    async (kind) => {
      const count = injector.events.length;
      const answer = responseOf(await call(injector.port, material.caBundle, { body: floodBodies[kind](70_000) }));
      expect(answer).toEqual({
        uid: 'flood',
        allowed: true,
        auditAnnotations: { decision: 'patch_doubtful' },
        warnings: [expect.any(String)],
      });
      await expect
        .poll(() => injector.events.slice(count).find(({ reason }) => reason === 'patch_doubtful'))
        .toMatchObject({
          namespace: 'shop',
          reason: 'patch_doubtful',
          doubt: expect.stringMatching(/more than (1000 values|100 levels)|too large/),
        });
    },
  );
});

test('the metrics port answers one request of a connection, and serves other clients', async () => {
  const greedy = connectPlain(injector.metricsPort, '127.0.0.1');
  open.push(greedy);
  let text = '';
  greedy.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).on('error', () => {});
  greedy.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500));
  await expect.poll(() => text).toContain('packet_capture_injector_info');
  await sleep(300);
  expect(text.match(/packet_capture_injector_info\{/g)).toHaveLength(1);
  const many = Array.from({ length: 100 }, () => connectPlain(injector.metricsPort, '127.0.0.1').on('error', () => {}));
  open.push(...many);
  await expect.poll(() => many.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(64);
  expect(await metric(injector, 'packet_capture_injector_reviews_in_flight')).toBe(0);
  const status = await new Promise((resolve) =>
    plainRequest(
      { host: '127.0.0.1', port: injector.metricsPort, path: '/metrics', method: 'POST' },
      ({ statusCode }) => resolve(statusCode),
    ).end(),
  );
  expect(status).toBe(404);
});

describe('the cipher suites without forward secrecy', () => {
  const outcome = async (ciphers: string, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({
        port: injector.port,
        host: '127.0.0.1',
        servername: host,
        ca: material.caBundle,
        ciphers: maxVersion === 'TLSv1.2' ? `${ciphers}:@SECLEVEL=0` : ciphers,
        maxVersion,
      });
      open.push(socket);
      socket
        .once('secureConnect', () => resolve(`${socket.getProtocol() ?? ''} ${socket.getCipher().standardName}`))
        .once('error', () => resolve('refused'));
    });
  test.each([
    'AES128-SHA',
    'AES256-SHA',
    'AES128-SHA256',
    'AES256-SHA256',
    'AES128-GCM-SHA256',
    'AES256-GCM-SHA384',
    'ECDHE-RSA-AES128-SHA',
    'ECDHE-RSA-AES256-SHA384',
  ])('are refused: %s', async (cipher) => {
    expect(await outcome(cipher, 'TLSv1.2')).toBe('refused');
  });
  test.each(['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305'])(
    'are refused, and with it accepted: %s',
    async (cipher) => {
      expect(await outcome(cipher, 'TLSv1.2')).toMatch(/^TLSv1.2 TLS_ECDHE_RSA_/);
    },
  );
  test('are refused, and TLS 1.3 is accepted', async () => {
    expect(await outcome('TLS_AES_128_GCM_SHA256', 'TLSv1.3')).toBe('TLSv1.3 TLS_AES_128_GCM_SHA256');
  });
});
