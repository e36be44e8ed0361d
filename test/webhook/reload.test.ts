import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CertificateMaterial } from '../../src/certificates/index.ts';
import { call, keepAliveAgent, metric, patchedPod } from '../support/webhook/client.ts';
import {
  makeMounts,
  newCertificates,
  secretOf,
  startInjector,
  type Mounts,
  type RunningInjector,
} from '../support/webhook/injector.ts';
import { bodyOf, podOf } from '../support/webhook/samples.ts';
import { serialOf } from '../support/webhook/serial.ts';

const configWith = (image: string): Record<string, string> => ({
  'sidecarconfig.yaml': `agent: {image: "${image}"}\n`,
});
const refused = (file: string): string => `packet_capture_injector_file_refused{file="${file}"}`;
const reloads = (file: string, result: string): string =>
  `packet_capture_injector_reloads_total{file="${file}",result="${result}"}`;

let first: CertificateMaterial;
let second: CertificateMaterial;
let mounts: Mounts;
let injector: RunningInjector;
beforeAll(async () => {
  [first, second] = await Promise.all([newCertificates(), newCertificates()]);
  mounts = await makeMounts(first, configWith('agent:1')['sidecarconfig.yaml']);
  injector = await startInjector(mounts);
});
afterAll(async () => {
  await injector.stop();
  await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
});

/** The image of the sidecar that a pod gets now. */
async function imageNow(ca: string): Promise<unknown> {
  const pod = podOf();
  return patchedPod(pod, await call(injector.port, ca, { body: bodyOf(pod) })).spec?.initContainers?.[0]?.image;
}

async function servedSerial(ca: string): Promise<string> {
  return (await call(injector.port, ca, { method: 'GET', path: '/readyz' })).serial;
}

test('the injector uses a new configuration, and keeps the old one while the new one is invalid', async () => {
  expect(await imageNow(first.caBundle)).toBe('agent:1');
  await mounts.config.update(configWith('agent:2'));
  await injector.event('reloaded', 1);
  expect(await imageNow(first.caBundle)).toBe('agent:2');

  await mounts.config.update({ 'sidecarconfig.yaml': 'agent: [' });
  expect(await injector.event('refused', 1)).toMatchObject({ file: 'configuration', code: 'YAML_INVALID' });
  expect(await metric(injector, refused('configuration'))).toBe(1);
  await mounts.config.update({ 'sidecarconfig.yaml': 'agnet: {}\n' });
  expect(await injector.event('refused', 2)).toMatchObject({ code: 'SIDECAR_CONFIG_INVALID' });
  expect(await imageNow(first.caBundle)).toBe('agent:2');
  expect((await call(injector.port, first.caBundle, { method: 'GET', path: '/readyz' })).status).toBe(200);

  await mounts.config.update(configWith('agent:2'));
  await injector.event('restored', 1);
  expect(await metric(injector, refused('configuration'))).toBe(0);
  await mounts.config.update(configWith('agent:3'));
  await injector.event('reloaded', 2);
  expect(await imageNow(first.caBundle)).toBe('agent:3');
  expect(await metric(injector, reloads('configuration', 'success'))).toBe(2);
  expect(await metric(injector, reloads('configuration', 'failure'))).toBe(2);
});

test('the injector uses a custom sidecar too, and finds changes without an event', async () => {
  // Written behind the links, so that the watched folder has no event.
  const data = join(mounts.config.folder, '..data');
  await writeFile(join(data, 'new'), 'containers: [{name: monitor, image: "m:1"}]\n');
  await rename(join(data, 'new'), join(data, 'sidecarconfig.yaml'));
  await expect
    .poll(async () => {
      const pod = podOf();
      return patchedPod(pod, await call(injector.port, first.caBundle, { body: bodyOf(pod) })).spec?.containers?.map(
        ({ name }) => name,
      );
    })
    .toEqual(['web', 'monitor']);
});

test('the injector serves a new certificate without a restart, and keeps open connections', async () => {
  const agent = keepAliveAgent(first.caBundle);
  await call(injector.port, first.caBundle, { body: bodyOf(podOf()), agent });
  const [socket] = Object.values(agent.freeSockets).flat();
  const before = (await injector.event('started'))['notAfter'];

  await mounts.certificates.update({ ...secretOf(second), 'tls.key': first.key });
  expect(await injector.event('refused', 3)).toMatchObject({
    file: 'certificate',
    error: 'tls.key belongs to another certificate',
  });
  expect(await servedSerial(first.caBundle)).toBe(serialOf(first));
  await mounts.certificates.update({ ...secretOf(first), 'tls.crt': 'nonsense' });
  expect(await injector.event('refused', 4)).toMatchObject({ error: 'tls.crt cannot be read' });
  const expired = await newCertificates({ now: new Date(Date.now() - 3 * 86_400_000), days: 2 });
  await mounts.certificates.update(secretOf(expired));
  expect(await injector.event('refused', 5)).toMatchObject({
    code: 'CERTIFICATE_INVALID',
    error: expect.stringMatching(/^tls.crt expired at/),
  });
  expect(await metric(injector, refused('certificate'))).toBe(1);
  expect(await servedSerial(first.caBundle)).toBe(serialOf(first));

  await mounts.certificates.update(secretOf(second));
  await expect.poll(async () => metric(injector, refused('certificate'))).toBe(0);
  expect(await servedSerial(second.caBundle)).toBe(serialOf(second));
  await expect(servedSerial(first.caBundle)).rejects.toThrow(/certificate|signature/);
  expect((await call(injector.port, first.caBundle, { body: bodyOf(podOf()), agent })).status).toBe(200);
  expect(Object.values(agent.freeSockets).flat()).toEqual([socket]);
  expect(await metric(injector, 'packet_capture_injector_certificate_expiry_timestamp_seconds')).toBeGreaterThanOrEqual(
    Date.parse(String(before)) / 1000,
  );
  expect(JSON.stringify(injector.events)).not.toContain('PRIVATE KEY');
  agent.destroy();
});

test('on a node without inotify instances left, the injector starts and finds changes too', async () => {
  const own = await makeMounts(first, configWith('agent:1')['sidecarconfig.yaml']);
  const without = ['unshare', '--user', '--map-root-user', 'sh', '-c'];
  const enter = [...without, 'echo 0 > /proc/sys/user/max_inotify_instances; exec "$@"', 'enter'];
  const other = await startInjector(own, [], undefined, enter);
  await own.config.update(configWith('agent:2'));
  await other.event('reloaded');
  expect(await other.stop()).toBe(0);
  await Promise.all([own.config.remove(), own.certificates.remove()]);
});
