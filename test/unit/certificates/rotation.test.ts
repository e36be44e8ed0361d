import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeMaterial, nextStep, readPem, type CertificateMaterial } from '../../../src/certificates/index.ts';
import { addDays } from '../../../src/certificates/lifetimes.ts';
import { dropOld, serveNew, trustBoth } from '../../../src/certificates/rotation.ts';
import { dnsNames, host, makeGenerations, withNewSerials } from '../../support/certificates/generation.ts';

const now = new Date();
/** Bits; OpenSSL makes no connection with a shorter key. */
const leastForTls = 2048;
const refused = expect.objectContaining({ code: 'ROTATION_REFUSED' });
let old: CertificateMaterial;
let fresh: CertificateMaterial;
let another: CertificateMaterial;
let tenDays: CertificateMaterial;
/** The material before the rotation and after each of its steps. */
let states: CertificateMaterial[];

beforeAll(async () => {
  const [first, second] = await makeGenerations(leastForTls);
  old = makeMaterial({ dnsNames, now: addDays(now, -700) }, first);
  fresh = makeMaterial({ dnsNames, now }, second);
  another = makeMaterial({ dnsNames, now }, withNewSerials(first));
  tenDays = makeMaterial({ dnsNames, now, days: 10 }, withNewSerials(second));
  const bothTrusted = trustBoth(old, fresh, now);
  const newServed = serveNew(bothTrusted, now);
  states = [old, bothTrusted, newServed, dropOld(newServed, now)];
});

function bundleOf({ caBundle }: CertificateMaterial): string[] {
  return readPem(caBundle, 'test').certificates.map(String);
}

/** Says `ok` or the code of the error after a TLS handshake on loopback, as the API server makes one. */
async function handshake(
  client: CertificateMaterial,
  { certificate, key }: CertificateMaterial,
  name = host,
): Promise<string> {
  const server = createServer({ cert: certificate, key });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername: name, ca: client.caBundle });
  try {
    return await new Promise<string>((resolve) => {
      socket.once('secureConnect', () => resolve('ok'));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    socket.destroy();
    await new Promise((resolve) => void server.close(resolve));
  }
}

describe('the three steps', () => {
  test('each is recognised by the material alone', () => {
    expect(states.map((material) => nextStep(material, now))).toStrictEqual([
      'trust-both',
      'serve-new',
      'drop-old',
      'trust-both',
    ]);
  });

  test('the bundle has the old CA, both, both, and the new one', () => {
    const both = [old.caBundle, fresh.caBundle];
    expect(states.map(bundleOf)).toStrictEqual([[old.caBundle], both, both, [fresh.caBundle]]);
  });

  test('the next pair is stored in the first step and served in the second; at the end only the new material is left', () => {
    expect(states.map(({ certificate }) => certificate)).toStrictEqual([
      old.certificate,
      old.certificate,
      fresh.certificate,
      fresh.certificate,
    ]);
    expect(states.map(({ next }) => next?.certificate)).toStrictEqual([
      undefined,
      fresh.certificate,
      undefined,
      undefined,
    ]);
    expect(states[3]).toStrictEqual(fresh);
  });

  test.each([0, 1, 2])('step %i loses no call, in whichever order its parts arrive', async (before) => {
    for (const [client, server] of [
      [before, before],
      [before, before + 1],
      [before + 1, before],
      [before + 1, before + 1],
    ] as const) {
      await expect(handshake(states[client] ?? old, states[server] ?? old)).resolves.toBe('ok');
    }
  });

  test('two steps at once would lose calls', async () => {
    await expect(handshake(states[0] ?? old, states[2] ?? old)).resolves.toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await expect(handshake(states[3] ?? old, states[1] ?? old)).resolves.toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('a client that asks for another name is refused', async () => {
    await expect(handshake(old, old, 'packet-capture.other.svc')).resolves.toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test.each<[string, (material: CertificateMaterial) => CertificateMaterial, readonly number[]]>([
    ['trust-both', (material) => trustBoth(material, another, now), [0, 3]],
    ['serve-new', (material) => serveNew(material, now), [1]],
    ['drop-old', (material) => dropOld(material, now), [2]],
  ])('%s is refused when it is not due', (_, step, due) => {
    const taken = states.map((material) => {
      try {
        return step(material) !== material;
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    expect(taken).toStrictEqual([0, 1, 2, 3].map((index) => due.includes(index) || 'ROTATION_REFUSED'));
  });
});

describe('an interrupted rotation continues', () => {
  test('if half of the second step was written, the next pair is served', () => {
    const [, bothTrusted = old] = states;
    for (const half of [
      { ...bothTrusted, key: fresh.key },
      { ...bothTrusted, key: fresh.key, certificate: fresh.certificate },
    ]) {
      expect(serveNew(half, now)).toStrictEqual(states[2]);
    }
  });

  test('if the CA of the next pair is not trusted yet, the first step is repeated', () => {
    const { certificate, key } = fresh;
    expect(trustBoth({ ...old, next: { certificate, key } }, another, now)).toStrictEqual(trustBoth(old, another, now));
  });

  test('if the next pair is lost, broken or expired, the first step is repeated without its CA', () => {
    const [, bothTrusted = old] = states;
    const { next, ...lost } = bothTrusted;
    expect(next).toBeDefined();
    const broken = { ...lost, next: { certificate: fresh.certificate, key: old.key } };
    const cut = { ...lost, next: { certificate: '', key: '' } };
    for (const material of [lost, broken, cut])
      expect(bundleOf(trustBoth(material, another, now))).toStrictEqual([old.caBundle, another.caBundle]);
  });

  test('if the next pair has expired, the first step is repeated', () => {
    const { caBundle, certificate, key } = tenDays;
    const material = { ...old, caBundle: `${old.caBundle}${caBundle}`, next: { certificate, key } };
    expect(nextStep(material, addDays(now, 9))).toBe('serve-new');
    expect(nextStep(material, addDays(now, 11))).toBe('trust-both');
  });
});

describe('refused', () => {
  test.each([
    ['a certificate that no CA of the bundle signed', () => ({ ...old, caBundle: fresh.caBundle }), now],
    ['a CA with the same key and another name', () => ({ ...old, caBundle: another.caBundle }), now],
    ['the key of another certificate', () => ({ ...old, key: fresh.key }), now],
    ['more than two CAs', () => ({ ...old, caBundle: `${old.caBundle}${fresh.caBundle}${another.caBundle}` }), now],
    ['a certificate that has expired', () => old, addDays(now, 31)],
  ])('%s', (_, material, at) => {
    expect(() => nextStep(material(), at)).toThrow(refused);
  });

  test('a bundle without any certificate, and broken PEM', () => {
    expect(() => nextStep({ ...old, caBundle: '' }, now)).toThrow(refused);
    expect(() => nextStep({ ...old, certificate: '' }, now)).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_INVALID' }),
    );
    expect(() => nextStep({ ...old, caBundle: old.caBundle.slice(0, 300) }, now)).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_INVALID', where: 'the CA bundle' }),
    );
  });
});
