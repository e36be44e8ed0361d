import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { call, keepAliveAgent, metric, metricsText, patchedPod, responseOf } from '../support/webhook/client.ts';
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
  mounts = await makeMounts(material, 'agent: {image: "registry.example/agent:7"}\n');
  injector = await startInjector(mounts);
});
afterAll(async () => {
  await injector.stop();
  await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
});

const send = async (options: Parameters<typeof call>[2]): ReturnType<typeof call> =>
  call(injector.port, material.caBundle, options);

test('the injector answers a review with a patch, and logs nothing of the content of the pod', async () => {
  const pod = podOf({}, { secret: 'annotation-value' });
  const answer = await send({
    path: '/inject/privileged?timeout=3s',
    body: bodyOf(pod, { uid: 'logged' }),
    headers: { authorization: 'Bearer x' },
  });
  expect(answer.headers['content-type']).toBe('application/json');
  expect(responseOf(answer)).toMatchObject({
    uid: 'logged',
    allowed: true,
    patchType: 'JSONPatch',
    auditAnnotations: { decision: 'opted_in' },
  });
  expect(patchedPod(pod, answer).spec?.initContainers?.[0]).toMatchObject({
    name: 'packet-capture',
    image: 'registry.example/agent:7',
  });
  await expect
    .poll(() => injector.events.find(({ uid }) => uid === 'logged'))
    .toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      event: 'review',
      webhook: 'privileged',
      uid: 'logged',
      namespace: 'shop',
      name: 'web-*',
      decision: 'injected',
      reason: 'opted_in',
      milliseconds: expect.any(Number),
      dryRun: false,
    });
});

test('the injector does not change a pod that did not ask', async () => {
  const answer = responseOf(await send({ body: bodyOf({ spec: { containers: [{ name: 'a' }] } }) }));
  expect(answer).toEqual({ uid: 'u-1', allowed: true, auditAnnotations: { decision: 'not_opted_in' } });
});

describe('the injector', () => {
  test.each<[string, string]>([
    ['empty', ''],
    ['broken', '{"kind":'],
    ['deep', '['.repeat(1_000_000)],
    ['no request', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}'],
    ['not UTF-8', '\udc80'],
  ])('refuses a body that is not a review: %s', async (_, body) => {
    expect((await send({ body })).status).toBe(400);
  });
  test.each<[string, string]>([
    ['a review of something else', bodyOf({ kind: 'Secret' }, { kind: { group: '', version: 'v1', kind: 'Secret' } })],
    ['a pod without a spec', bodyOf({})],
    ['no object', bodyOf(null)],
    [
      'a prototype',
      bodyOf(null).replace(
        '"object":null',
        '"object":{"__proto__":{"spec":{}},"spec":{"containers":[{"name":"a","__proto__":1}]}}',
      ),
    ],
  ])('allows the object unchanged: %s', async (_, body) => {
    const response = responseOf(await send({ body }));
    expect(response.allowed).toBe(true);
    expect(response).not.toHaveProperty('patch');
  });
});

test.each<[number, string, string]>([
  [404, 'POST', '/'],
  [404, 'POST', '/inject'],
  [404, 'POST', '/inject/privileged/'],
  [404, 'GET', '/metrics'],
  [405, 'GET', '/inject/privileged'],
  [405, 'POST', '/readyz'],
  [200, 'GET', '/healthz'],
  [200, 'HEAD', '/healthz'],
  [200, 'GET', '/readyz?verbose'],
])('the injector answers %i to %s %s', async (status, method, path) => {
  expect((await send({ method, path })).status).toBe(status);
});

describe('a review', () => {
  const ofBytes = (bytes: number): string => {
    const frame = bodyOf(podOf({}, { big: '' })).length;
    return bodyOf(podOf({}, { big: 'x'.repeat(bytes - frame) }));
  };
  test.each([4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 7 * 1024 * 1024])(
    'of %i bytes is answered without a patch',
    async (bytes) => {
      const answer = await send({ body: ofBytes(bytes) });
      // Kubernetes refuses annotations of that size, so nothing is added.
      expect(responseOf(answer)).toMatchObject({
        uid: 'u-1',
        allowed: true,
        auditAnnotations: { decision: 'patch_doubtful' },
      });
      expect(responseOf(answer)).not.toHaveProperty('patch');
    },
  );
  test('over 7 MiB is refused, and the connection is closed', async () => {
    const answer = await send({ body: ofBytes(7 * 1024 * 1024 + 1) });
    expect(answer.status).toBe(413);
    expect(answer.headers.connection).toBe('close');
  });
  test('with a pod of 1 MiB is answered with a patch', async () => {
    const pod = podOf({
      containers: [
        {
          name: 'a',
          image: 'b',
          env: Array.from({ length: 10_000 }, (_, index) => ({ name: `V${index}`, value: 'x'.repeat(80) })),
        },
      ],
    });
    expect(patchedPod(pod, await send({ body: bodyOf(pod) })).spec?.containers).toEqual(pod.spec?.containers);
  });
});

test('a connection stays open for many reviews', async () => {
  const agent = keepAliveAgent(material.caBundle);
  const headers = [];
  for (let index = 0; index < 20; index += 1) headers.push((await send({ body: bodyOf(podOf()), agent })).headers);
  expect(headers.every(({ connection }) => connection === 'keep-alive')).toBe(true);
  expect(headers[0]?.['keep-alive']).toBe('timeout=120');
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  agent.destroy();
});

test('reviews that are sent together on one connection are answered in order', async () => {
  const socket = connect({ port: injector.port, host: '127.0.0.1', servername: host, ca: material.caBundle });
  const requests = ['a', 'b', 'c'].map((uid) => {
    const body = bodyOf(podOf(), { uid });
    return `POST /inject/privileged HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  });
  socket.write(requests.join(''));
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await expect.poll(() => [...text.matchAll(/"uid":"(\w)"/g)].map(([, uid]) => uid)).toEqual(['a', 'b', 'c']);
  socket.destroy();
});

describe('the server', () => {
  test('speaks TLS 1.2 and 1.3 with HTTP/1.1, and refuses older versions', async () => {
    const versionOf = async (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string | null> => {
      const socket = connect({
        port: injector.port,
        host: '127.0.0.1',
        servername: host,
        ca: material.caBundle,
        minVersion: 'TLSv1',
        maxVersion,
        ALPNProtocols: ['h2', 'http/1.1'],
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      await once(socket, 'secureConnect');
      expect(socket.alpnProtocol).toBe('http/1.1');
      const version = socket.getProtocol();
      socket.destroy();
      return version;
    };
    expect(await versionOf('TLSv1.3')).toBe('TLSv1.3');
    expect(await versionOf('TLSv1.2')).toBe('TLSv1.2');
    await expect(versionOf('TLSv1.1')).rejects.toThrow(/protocol version/);
  });
  test('counts clients that do not trust the certificate or do not speak TLS, and serves others', async () => {
    const before = (await metric(injector, 'packet_capture_injector_tls_errors_total')) ?? 0;
    const stranger = await newCertificates();
    await expect(call(injector.port, stranger.caBundle, { body: bodyOf(podOf()) })).rejects.toThrow(
      /certificate|signature/,
    );
    const plain = connectPlain(injector.port, '127.0.0.1');
    plain.write('POST / HTTP/1.1\r\n\r\n');
    plain.on('error', () => {});
    await once(plain, 'close');
    await expect.poll(async () => metric(injector, 'packet_capture_injector_tls_errors_total')).toBeGreaterThan(before);
    expect((await send({ body: bodyOf(podOf()) })).status).toBe(200);
  });
});

describe('the metrics have', () => {
  test('decisions by webhook and reason', async () => {
    const sample = 'packet_capture_injector_reviews_total{webhook="baseline",decision="skipped",reason="host_network"}';
    const before = (await metric(injector, sample)) ?? Number.NaN;
    const answer = responseOf(await send({ path: '/inject/baseline', body: bodyOf(podOf({ hostNetwork: true })) }));
    expect(answer.warnings).toEqual([expect.stringContaining('hostNetwork')]);
    expect(await metric(injector, sample)).toBe(before + 1);
    expect(
      await metric(injector, 'packet_capture_injector_review_duration_seconds_count{webhook="baseline"}'),
    ).toBeGreaterThan(0);
  });
  test('no reviews in flight at the end', async () => {
    await expect.poll(async () => metric(injector, 'packet_capture_injector_reviews_in_flight')).toBe(0);
  });
  test('the certificate, the configuration and the process', async () => {
    const text = await metricsText(injector.metricsPort);
    expect(text).toMatch(/^packet_capture_injector_configuration_info\{sha256="[0-9a-f]{64}"\} 1$/m);
    expect(text).toMatch(/^packet_capture_injector_info\{version="\d+\.\d+\.\d+"\} 1$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    const expiry = await metric(injector, 'packet_capture_injector_certificate_expiry_timestamp_seconds');
    expect(expiry).toBeGreaterThan(Date.now() / 1000 + 86_400);
    expect(text).not.toMatch(/annotation-value|registry\.example/);
  });
  test('requests that were not reviews, by status', async () => {
    expect(await metric(injector, 'packet_capture_injector_refused_requests_total{status="400"}')).toBeGreaterThan(0);
    expect(await metric(injector, 'packet_capture_injector_refused_requests_total{status="413"}')).toBeGreaterThan(0);
  });
});
