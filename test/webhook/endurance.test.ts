import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { call, metric } from '../support/webhook/client.ts';
import { makeMounts, newCertificates, startInjector, type Mounts } from '../support/webhook/injector.ts';
import { sendMany } from '../support/webhook/many.ts';
import { bodyOf, podOf } from '../support/webhook/samples.ts';

let material: CertificateMaterial;
let mounts: Mounts;
beforeAll(async () => {
  material = await newCertificates();
  mounts = await makeMounts(material);
});
afterAll(async () => {
  await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
});

test('the memory does not grow over 20000 reviews', async () => {
  const injector = await startInjector(mounts);
  const resident = async (): Promise<number> => (await metric(injector, 'process_resident_memory_bytes')) ?? Number.NaN;
  const body = bodyOf(podOf());
  expect(await sendMany(injector.port, material.caBundle, body, 3000)).toBeGreaterThanOrEqual(3000);
  const warm = await resident();
  expect(await sendMany(injector.port, material.caBundle, body, 20_000)).toBeGreaterThanOrEqual(20_000);
  // V8's heap varies by about 10 MB. If every answer were kept, it would be 80 MB.
  expect(((await resident()) - warm) / 1e6).toBeLessThan(25);
  expect(await injector.stop()).toBe(0);
});

test('a blocked reader of the log delays neither answers nor the end', async () => {
  const injector = await startInjector(mounts);
  injector.process.stdout?.pause();
  const dropped = 'packet_capture_injector_log_lines_dropped_total';
  const body = bodyOf(podOf(), { uid: 'u'.repeat(200), namespace: 'n'.repeat(200) });
  expect(await metric(injector, dropped)).toBe(0);
  expect(await sendMany(injector.port, material.caBundle, body, 4000)).toBeGreaterThanOrEqual(4000);
  expect(await metric(injector, dropped)).toBeGreaterThan(0);
  expect((await call(injector.port, material.caBundle, { body })).status).toBe(200);
  injector.process.kill('SIGTERM');
  expect(await once(injector.process, 'exit')).toEqual([0, null]);
});

const program = join(import.meta.dirname, '..', '..', 'src', 'cli', 'injector.ts');

async function run(args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [unknown];
  return { code, stdout, stderr };
}

test.each<[number, string, string[]]>([
  [2, 'error USAGE', ['serve', '--port', '70000']],
  [2, 'error USAGE', ['serve', '--drain', 'soon']],
  [2, "error: unknown option '--tls'", ['serve', '--tls']],
  [2, 'error FILE_UNREADABLE', ['serve', '--config', '/nowhere/sidecarconfig.yaml']],
  [2, "error: required option '--host <NAME>' not specified", ['check']],
])('the injector ends with %i: %s', async (code, text, args) => {
  const result = await run(args);
  expect(result.stderr).toContain(text);
  expect(result.code).toBe(code);
  expect(result.stdout).toBe('');
});

test('the injector does not start with a certificate that cannot be served', async () => {
  const { key } = await newCertificates();
  const broken = await makeMounts({ ...material, key });
  const result = await run([
    'serve',
    '--config',
    join(broken.config.folder, 'sidecarconfig.yaml'),
    '--certificates',
    broken.certificates.folder,
  ]);
  expect(result).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('error CERTIFICATE_INVALID: tls.key belongs to another certificate'),
  });
  await Promise.all([broken.config.remove(), broken.certificates.remove()]);
});

test('the injector does not start on a port in use', async () => {
  const injector = await startInjector(mounts);
  const files = [
    '--config',
    join(mounts.config.folder, 'sidecarconfig.yaml'),
    '--certificates',
    mounts.certificates.folder,
  ];
  const result = await run([
    'serve',
    '--host',
    '127.0.0.1',
    '--port',
    String(injector.port),
    '--metrics-port',
    '0',
    ...files,
  ]);
  expect(result).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(`error LISTEN_FAILED: listen EADDRINUSE`),
  });
  await injector.stop();
});

test('`check` accepts a working injector, and reports what is wrong with another', async () => {
  const injector = await startInjector(mounts);
  const args = [
    'check',
    '--host',
    'injector.tools.svc',
    '--connect',
    '127.0.0.1',
    '--port',
    String(injector.port),
    '--ca',
    join(mounts.certificates.folder, 'ca.crt'),
  ];
  const well = await run(args);
  expect(well.stderr).toBe('');
  expect(JSON.parse(well.stdout)).toMatchObject({
    event: 'checked',
    host: 'injector.tools.svc',
    containers: ['packet-capture'],
  });
  const otherName = await run(args.with(2, 'injector.elsewhere.svc'));
  expect(otherName).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/error CHECK_FAILED: .*injector.elsewhere.svc/),
  });
  const otherKey = await run([...args, '--annotation', 'example.com/inject']);
  expect(otherKey).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the injector did not inject the pod: {"decision":"not_opted_in"}'),
  });
  await injector.stop();
  expect(await run(args)).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') });
});
