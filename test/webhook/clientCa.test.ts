import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { checkInjector } from '../../src/ways/webhook/askInjector.ts';
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

let folder: string;
let material: CertificateMaterial;
let mounts: Mounts;
let injector: RunningInjector;
const file = (name: string): string => join(folder, name);

/** A CA, and a certificate that it signed for this use. */
async function makeClient(ca: string, client: string, use: 'clientAuth' | 'serverAuth'): Promise<void> {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const caFiles = ['-keyout', file(`${ca}.key`), '-out', file(`${ca}.crt`)];
  if (
    !(await readFile(file(`${ca}.crt`)).then(
      () => true,
      () => false,
    ))
  )
    await execa('openssl', ['req', '-x509', ...curve, '-subj', `/CN=${ca}`, ...caFiles]);
  const signed = [
    '-CA',
    file(`${ca}.crt`),
    '-CAkey',
    file(`${ca}.key`),
    '-addext',
    `extendedKeyUsage=${use}`,
    '-addext',
    'basicConstraints=critical,CA:false',
  ];
  await execa('openssl', [
    'req',
    '-x509',
    ...curve,
    '-subj',
    `/CN=${client}`,
    ...signed,
    '-keyout',
    file(`${client}.key`),
    '-out',
    file(`${client}.crt`),
  ]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-client-'));
  await makeClient('ours', 'api-server', 'clientAuth');
  await makeClient('ours', 'a-server', 'serverAuth');
  await makeClient('theirs', 'stranger', 'clientAuth');
  await writeFile(file('client-ca.crt'), await readFile(file('ours.crt')));
  material = await newCertificates();
  mounts = await makeMounts(material);
  injector = await startInjector(mounts, ['--client-ca', file('client-ca.crt')]);
});
afterAll(async () => {
  await injector.stop();
  await Promise.all([mounts.config.remove(), mounts.certificates.remove(), rm(folder, { recursive: true })]);
});

async function ask(
  client: string | undefined,
  path = '/inject/privileged',
  body: string | Buffer = bodyOf(podOf()),
  port = injector.port,
): Promise<number | undefined> {
  const identity =
    client === undefined
      ? {}
      : { cert: await readFile(file(`${client}.crt`)), key: await readFile(file(`${client}.key`)) };
  const method = path.startsWith('/inject') ? 'POST' : 'GET';
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      servername: host,
      ca: material.caBundle,
      agent: false,
      method,
      path,
      ...identity,
    } as const;
    request(options, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end(method === 'POST' ? body : undefined);
  });
}

test('the injector answers reviews only of clients with a certificate of the CA', async () => {
  expect(await ask('api-server')).toBe(200);
  expect(await ask(undefined)).toBe(401);
  expect(await ask('stranger')).toBe(401);
  expect(await ask('a-server')).toBe(401);
});

test('the log has the first refused client, and at most one a minute', async () => {
  const other = await startInjector(mounts, ['--client-ca', file('theirs.crt')]);
  for (const client of ['api-server', undefined, 'a-server'])
    expect(await ask(client, '/inject/privileged', bodyOf(podOf()), other.port)).toBe(401);
  expect(await other.event('client_refused')).toMatchObject({
    address: '127.0.0.1',
    certificate: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    before: 0,
  });
  await other.stop();
});

test('kubelets may read the health without a certificate', async () => {
  expect([await ask(undefined, '/healthz'), await ask(undefined, '/readyz')]).toEqual([200, 200]);
});

test('the injector does not read the body of a client without a certificate', async () => {
  // The answer may arrive before the whole body is sent, and then the connection is closed.
  const outcome = await ask(undefined, '/inject/privileged', floodBodies.text(6_000_000)).catch((error: unknown) =>
    String(error),
  );
  expect(String(outcome)).toMatch(/^401$|EPIPE|ECONNRESET/);
  expect(await ask('api-server')).toBe(200);
});

test('`check` verifies that the injector refuses clients without a certificate', async () => {
  const options = {
    host,
    ca: material.caBundle,
    connect: '127.0.0.1',
    port: injector.port,
    annotation: 'packet-capture/inject',
  };
  expect(await checkInjector({ ...options, demandsClient: true })).toMatchObject({ containers: [] });
  await expect(checkInjector({ ...options, demandsClient: false })).rejects.toThrow(
    'the injector answers a review with HTTP 401',
  );
  const open = await startInjector(mounts);
  await expect(checkInjector({ ...options, port: open.port, demandsClient: true })).rejects.toThrow('instead of 401');
  await open.stop();
});

test('the injector uses another CA without a restart, and keeps the old one if the new one is invalid', async () => {
  await writeFile(file('client-ca.crt'), 'nonsense');
  expect(await injector.event('refused')).toMatchObject({ file: 'certificate', code: 'CERTIFICATE_INVALID' });
  expect(await ask('api-server')).toBe(200);
  await writeFile(file('client-ca.crt'), await readFile(file('theirs.crt')));
  await injector.event('reloaded');
  expect(await ask('stranger')).toBe(200);
  expect(await ask('api-server')).toBe(401);
});

test.each([
  ['no file', 'nowhere.crt', 'FILE_UNREADABLE'],
  ['no CA', 'api-server.crt', 'CERTIFICATE_INVALID'],
])('the injector does not start with %s', async (_, name, code) => {
  const program = join(import.meta.dirname, '..', '..', 'src', 'cli', 'injector.ts');
  const args = [
    'serve',
    '--config',
    join(mounts.config.folder, 'sidecarconfig.yaml'),
    '--certificates',
    mounts.certificates.folder,
    '--client-ca',
    file(name),
  ];
  const { exitCode, stderr } = await execa(process.execPath, [program, ...args], { reject: false });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`error ${code}: `);
});
