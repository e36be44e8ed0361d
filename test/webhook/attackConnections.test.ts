import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { patienceMs } from '../support/patience.ts';
import { clientHello, firstRecord, rawRequest, type RawAnswer } from '../support/webhook/attackSocket.ts';
import { call, metric, responseOf } from '../support/webhook/client.ts';
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
beforeAll(async () => {
  material = await newCertificates();
  mounts = await makeMounts(material);
  injector = await startInjector(mounts);
});
afterAll(async () => {
  await injector.stop();
  await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
});
afterEach(expectServed);

const body = bodyOf(podOf());
const length = `Content-Length: ${body.length}`;
const chunked = 'Transfer-Encoding: chunked';
const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const post = (
  headers: readonly string[],
  content: string,
  line = 'POST /inject/privileged?timeout=3s HTTP/1.1',
): string => `${[line, `Host: ${host}`, ...headers].join('\r\n')}\r\n\r\n${content}`;
const whole = post([length], body);

/** Expects that the next client is served, and that nothing is left of the previous one. */
async function expectServed(): Promise<void> {
  expect(responseOf(await call(injector.port, material.caBundle, { body })).patch).toBeDefined();
  await expect.poll(async () => metric(injector, 'packet_capture_injector_reviews_in_flight')).toBe(0);
}

async function send(
  pieces: readonly (string | Buffer)[],
  options?: Parameters<typeof rawRequest>[3],
): Promise<RawAnswer> {
  return rawRequest(injector.port, material.caBundle, pieces, options);
}

describe('the injector answers', () => {
  test.each<[string, string[], number[]]>([
    ['a body in chunks', [post([chunked], chunk)], [200]],
    ['a body in many pieces', whole.match(/[^]{1,50}/g) ?? [], [200]],
    ['a client that waits for 100 Continue', [post([length, 'Expect: 100-continue'], ''), body], [100, 200]],
    ['HTTP/1.0', [post([length], body, 'POST /inject/privileged HTTP/1.0')], [200]],
    ['an offer to upgrade the protocol', [post([length, 'Connection: Upgrade', 'Upgrade: h2c'], body)], [200]],
    ['requests without waiting for answers', [whole + whole, whole], [200, 200, 200]],
    [
      'invalid requests between valid ones',
      [
        whole +
          post(['Content-Length: 2'], '{}') +
          post([], '', 'GET /healthz HTTP/1.1') +
          post([], '', 'GET /inject/baseline HTTP/1.1') +
          whole,
      ],
      [200, 400, 200, 405, 200],
    ],
  ])('%s', async (_, pieces, statuses) => {
    expect((await send(pieces, { answers: statuses.length, quietMs: patienceMs })).statuses).toEqual(statuses);
  });
});

describe('the injector closes the connection without a review for', () => {
  test.each<[string, string]>([
    ['two lengths', post([length, 'Content-Length: 5'], body)],
    ['a length and chunks', post([length, chunked], chunk)],
    ['an invalid length', post(['Content-Length: -1'], body)],
    ['a length over 64 bits', post(['Content-Length: 99999999999999999999999'], body)],
    ['two transfer codings', post(['Transfer-Encoding: chunked, chunked, identity'], chunk)],
    ['an invalid chunk size', post([chunked], `zz\r\n${body}\r\n0\r\n\r\n`)],
    ['a chunk size over 64 bits', post([chunked], `fffffffffffffffff\r\n${body}\r\n0\r\n\r\n`)],
    ['a header of 100 KB', post([`X: ${'x'.repeat(100_000)}`, length], body)],
    ['10000 headers', post([...Array.from({ length: 10_000 }, (__, index) => `X-${index}: x`), length], body)],
    ['a zero byte in a header', post(['X: a\0b', length], body)],
    ['a line feed without a carriage return', post([`X: a\n${length}`], body).replaceAll('\r\n', '\n')],
    ['no host', whole.replace(`Host: ${host}\r\n`, '')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['bytes that are not HTTP', '\u0016\u0003\u0001'.repeat(50)],
    ['a method in small letters', whole.replace('POST', 'post')],
    ['a CONNECT request', post([], '', 'CONNECT 10.0.0.1:443 HTTP/1.1')],
  ])('%s', async (_, request) => {
    const { statuses, text, closed } = await send([request], { quietMs: patienceMs });
    expect(statuses.filter((status) => status < 400)).toEqual([]);
    expect(text).not.toContain('"patch"');
    expect(closed).toBe(true);
  });

  test.each<[string, string[], 'fin' | 'rst']>([
    ['in the headers', [whole.slice(0, 60)], 'fin'],
    ['in the body', [whole.slice(0, -50)], 'fin'],
    ['in the body, reset', [whole.slice(0, -50)], 'rst'],
    ['in a chunk', [post([chunked], chunk.slice(0, 40))], 'fin'],
  ])('a request that is cut off %s', async (_, pieces, end) => {
    const { text } = await send(pieces, { end, quietMs: 200 });
    expect(text).not.toContain('"patch"');
  });
});

test('the injector serves the next client after clients that close before their answer', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, async () => send([whole], { end: 'rst' })));
  expect(answers).toHaveLength(20);
  await expectServed();
});

test.each([
  'POST https://elsewhere/inject/privileged HTTP/1.1',
  'POST /inject/../inject/privileged HTTP/1.1',
  'POST //inject/privileged HTTP/1.1',
  'POST /inject%2fprivileged HTTP/1.1',
  'POST /__proto__ HTTP/1.1',
  'POST /INJECT/privileged HTTP/1.1',
])('the injector answers 404 to %s', async (line) => {
  expect((await send([post([length], body, line)], { answers: 1, quietMs: patienceMs })).statuses).toEqual([404]);
});

describe('the injector, scanned by TLS,', () => {
  const modern = [0xc02f, 0xc030];
  const weak = {
    'no encryption': [0x0001, 0x0002, 0x003b, 0xc006, 0xc010],
    'export grade': [0x0003, 0x0006, 0x0008, 0x000b, 0x000e, 0x0011, 0x0014],
    RC4: [0x0004, 0x0005, 0xc007, 0xc011],
    DES: [0x0009, 0x000a, 0x0016, 0xc008, 0xc012],
    'nobody is authenticated': [0x0018, 0x001b, 0x0034, 0x003a, 0x00a6, 0x00a7, 0xc015, 0xc018, 0xc019],
    'shared keys': [0x008a, 0x008c, 0x00a8, 0xc035],
  };
  test.each(Object.entries(weak))('refuses cipher suites: %s', async (_, suites) => {
    expect(await firstRecord(injector.port, clientHello(0x0303, suites))).toEqual({ type: 21, alert: 40 });
  });
  test("answers the scanner's hello with modern suites", async () => {
    expect(await firstRecord(injector.port, clientHello(0x0303, modern))).toEqual({ type: 22 });
  });
  test.each([0x0002, 0x0300, 0x0301, 0x0302])('refuses version %i', async (version) => {
    expect(await firstRecord(injector.port, clientHello(version, modern))).toMatchObject({ type: 21 });
  });
  test('does not answer bytes that are not a hello', async () => {
    for (const bytes of [
      Buffer.alloc(5000, 0x16),
      Buffer.alloc(5000, 0xff),
      Buffer.from('GET / HTTP/1.0\r\n\r\n'),
      clientHello(0x0303, modern).fill(0x41, 20),
    ]) {
      expect((await firstRecord(injector.port, bytes)).type).not.toBe(22);
    }
  });
  test('refuses renegotiation', async () => {
    const socket = connect({
      port: injector.port,
      host: '127.0.0.1',
      servername: host,
      ca: material.caBundle,
      maxVersion: 'TLSv1.2',
    });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const renewed = await new Promise((resolve) => {
      socket.on('error', () => resolve('refused')).on('close', () => resolve('refused'));
      socket.renegotiate({}, (error) => resolve(error === null ? 'renewed' : 'refused'));
    });
    socket.destroy();
    expect(renewed).toBe('refused');
  });
  test('answers reviews in time next to 300 silent or incomplete connections', async () => {
    const idle: (Socket | TLSSocket)[] = [];
    for (let index = 0; index < 100; index += 1) {
      const silent = connectPlain(injector.port, '127.0.0.1');
      const half = connectPlain(injector.port, '127.0.0.1');
      half.write(clientHello(0x0303, modern).subarray(0, 40));
      const slow = connect({ port: injector.port, host: '127.0.0.1', servername: host, ca: material.caBundle });
      slow.write(whole.slice(0, 80 + index));
      idle.push(
        silent.on('error', () => {}),
        half.on('error', () => {}),
        slow.on('error', () => {}),
      );
    }
    // Who waited for one of them would wait for the time of a head, 10 s.
    const from = performance.now();
    for (let index = 0; index < 20; index += 1)
      expect(responseOf(await call(injector.port, material.caBundle, { body })).patch).toBeDefined();
    expect(performance.now() - from).toBeLessThan(60_000);
    for (const socket of idle) socket.destroy();
  });
});
