import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { run } from '../../../scripts/cluster/command.ts';
import { kube } from '../../support/cluster/clusterFixture.ts';
import {
  helm,
  installed,
  installer,
  labelFlags,
  loadReleaseImages,
  quickEnd,
  runningContainers,
  siteYaml,
  targetFlags,
} from '../../support/cluster/helmFixture.ts';
import { withAdmissionConfiguration } from '../../support/long/apiServer.ts';

const release = 'client-cert';
const service = `${release}-packet-capture`;
const namespace = `client-cert-${Date.now().toString(36)}`;
const site = `${namespace}-site`;
const at = ['--release', release, '--namespace', namespace];
const demanding = ['--set', 'webhook.clientCA.configMap=api-server-ca'];

const refusal =
  /the injector, whose webhook\.clientCA demands a client certificate, refused \S+: it presents no client certificate/;
const errorText = (stderr: string): string => stderr.slice(stderr.lastIndexOf('\nerror ') + 1);

let folder = '';

/** The blocks of docs/injector.md about client certificates, for this release: what is written there has to work. */
async function blocks(): Promise<readonly string[]> {
  const text = await readFile(new URL('../../../docs/injector.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('\n## Client certificates\n'), text.indexOf('\n## Log\n'));
  const found = [...section.matchAll(/^ {3}```\w+\n(.*?)^ {3}```$/gms)].map(([, block = '']) =>
    block.replaceAll(/^ {3}/gm, ''),
  );
  return found.map((block) =>
    block
      .replaceAll('/etc/kubernetes/pki/webhooks', folder)
      .replace('packet-capture.packet-capture.svc', `${service}.${namespace}.svc`),
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(inject('node').stateDir, 'webhooks-'));
  await loadReleaseImages();
  const [commands = '', admission = '', kubeconfig = ''] = await blocks();
  await run(['bash', '-euc', commands], { cwd: folder });
  await writeFile(join(folder, 'admission.yaml'), admission);
  await writeFile(join(folder, 'kubeconfig.yaml'), kubeconfig);
  await kube(['create', 'namespace', namespace]);
  await kube(['create', 'configmap', 'api-server-ca', '-n', namespace, `--from-file=${join(folder, 'ca.crt')}`]);
  await kube(['apply', '-f', '-'], siteYaml(site));
  await kube(['label', 'namespace', site, `${namespace}/injection=enabled`]);
  await installed(4, ['install', ...at, '--yes', '--set', 'replicas=1', ...quickEnd, ...labelFlags(namespace)]);
});

afterAll(async () => {
  await kube([
    'delete',
    'mutatingwebhookconfigurations',
    '-l',
    `app.kubernetes.io/instance=${release}`,
    '--ignore-not-found',
  ]);
  await kube(['delete', 'namespace', namespace, site, '--ignore-not-found', '--wait=false']);
  await rm(folder, { recursive: true, force: true });
});

test('an upgrade that demands certificates fails and is rolled back if the API server presents none, and reports that', async () => {
  const { exitCode, stderr } = await installer(4, ['upgrade', ...at, '--yes', ...demanding, '--timeout', '60s']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('Rolled back: revision 1 runs again.');
  // The API server says nothing of it to its clients: the word is the injector's.
  expect(errorText(stderr)).toMatch(refusal);
});

test('the same upgrade with targets fails too, because its hook asks the API server first', async () => {
  const { exitCode, stderr } = await installer(4, [
    'upgrade',
    ...at,
    '--yes',
    ...demanding,
    ...targetFlags([site]),
    '--set',
    'hooks.timeout=15s,hooks.backoffLimit=0',
    '--timeout',
    '120s',
  ]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('INJECTION_UNPROVEN');
  expect(stderr).toContain('Rolled back: revision 3 runs again.');
  expect(errorText(stderr)).toMatch(refusal);
});

test('with an API server that presents the certificate, pods are injected', async () => {
  await withAdmissionConfiguration(join(folder, 'admission.yaml'), async () => {
    // Ends with a pod that the API server is asked for.
    await installed(4, ['upgrade', ...at, '--yes', ...demanding]);
    await kube([
      'patch',
      'deploy',
      'web',
      '-n',
      site,
      '-p',
      JSON.stringify({ spec: { template: { metadata: { annotations: { 'packet-capture/inject': 'true' } } } } }),
    ]);
    expect(await runningContainers(site)).toEqual(['packet-capture', 'app']);
    // The release's own test asks without a certificate, and is refused.
    await helm(4, ['test', release, '-n', namespace, '--timeout', '60s']);
  });
});
