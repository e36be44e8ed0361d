import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, writeBundle, type Bundle } from '../../scripts/images/bundle.ts';
import { call, metric, patchedPod } from '../support/webhook/client.ts';
import { makeMounts, newCertificates, startInjector } from '../support/webhook/injector.ts';
import { bodyOf, podOf } from '../support/webhook/samples.ts';

/** The program as it is in the image. */
let built: Bundle;
let folder: string;
let program: string;
beforeAll(async () => {
  [built, folder] = await Promise.all([
    bundle('src/cli/injector.ts'),
    mkdtemp(join(tmpdir(), 'packet-capture-bundle-')),
  ]);
  program = await writeBundle(built, folder);
});
afterAll(async () => rm(folder, { recursive: true }));

test('the bundled injector answers a review and counts it in its metrics', async () => {
  const material = await newCertificates();
  const mounts = await makeMounts(material);
  const injector = await startInjector(mounts, [], program);
  const pod = podOf();
  const answer = await call(injector.port, material.caBundle, { body: bodyOf(pod) });
  expect(patchedPod(pod, answer).spec?.initContainers?.[0]).toMatchObject({ name: 'packet-capture' });
  expect(
    await metric(
      injector,
      'packet_capture_injector_reviews_total{webhook="privileged",decision="injected",reason="opted_in"}',
    ),
  ).toBe(1);
  expect(await injector.stop()).toBe(0);
  await Promise.all([mounts.config.remove(), mounts.certificates.remove()]);
});

test.each(['serve', 'check', 'opt-in', 'opt-out'])('the command %s of the bundle starts', async (name) => {
  const { stdout } = await execa(process.execPath, [program, name, '--help']);
  expect(stdout).toContain(`Usage: injector ${name} [options]`);
});

test('two bundles of the same sources have the same bytes', async () => {
  expect(await bundle('src/cli/injector.ts')).toEqual(built);
});

test('files that the server does not need are not loaded at its start', () => {
  const atStart = ['injector.cjs', 'serve.cjs', 'configuration.cjs', 'sidecar.cjs']
    .map((name) => built.files.get(name))
    .join('\n');
  const whole = [...built.files.values()].join('\n');
  expect(atStart).not.toContain('waitForInjection');
  expect(whole).toContain('waitForInjection');
  // This project's reader of manifests reads sidecarconfig.yaml too: loading the library would take longer.
  expect(whole).not.toContain('YAMLParseError');
  expect(built.entry).toBe('injector.cjs');
});
