import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { podKubeconfig } from '../../../src/kubernetes/credentials.ts';
import { kubectlFlags } from '../../../src/kubernetes/kubectlFlags.ts';

test('flags are passed unchanged', () => {
  const { flags, env } = kubectlFlags(
    {
      as: 'admin',
      asGroup: ['ops', 'on call'],
      asUserExtra: ['a=b'],
      user: 'jo',
      insecureSkipTlsVerify: true,
      disableCompression: false,
      v: '6',
    },
    'shop',
    {},
  );
  expect(flags).toEqual([
    '--user=jo',
    '--insecure-skip-tls-verify=true',
    '--as=admin',
    '--as-group=ops',
    '--as-group=on call',
    '--as-user-extra=a=b',
    '--v=6',
    '--namespace=shop',
  ]);
  expect(env).toEqual({});
});

test('a secret is passed in a file that only this user can read', () => {
  const { flags, env } = kubectlFlags({ token: 'SECRET', context: 'prod', clientKey: 'key.pem' }, undefined, {
    KUBECONFIG: `/a${delimiter}/b`,
  });
  expect(flags).toEqual(['--context=prod', '--user=packet-capture-flags']);
  const [file = '', ...others] = (env['KUBECONFIG'] ?? '').split(delimiter);
  expect(others).toEqual(['/a', '/b']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    users: [{ name: 'packet-capture-flags', user: { token: 'SECRET', 'client-key': `${process.cwd()}/key.pem` } }],
  });
});

test("in a pod without a kubeconfig, the pod's own cluster is used", () => {
  const pod = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443', KUBECONFIG: '/nonexistent' };
  const { flags, env } = kubectlFlags({ token: 'SECRET' }, undefined, pod);
  expect(flags).toContain('--cluster=packet-capture-flags');
  expect(readFileSync((env['KUBECONFIG'] ?? '').split(delimiter)[0] ?? '', 'utf8')).toContain('https://[fd00::1]:443');
});

test("in a pod without a kubeconfig, the pod's service account is the user, unless a flag names another", () => {
  const folder = mkdtempSync(join(tmpdir(), 'packet-capture-account-'));
  const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443', KUBECONFIG: '/nonexistent' };
  try {
    expect(podKubeconfig({}, pod, folder)).toBeUndefined();
    writeFileSync(join(folder, 'token'), 'SECRET');
    writeFileSync(join(folder, 'namespace'), 'shop\n');
    expect(podKubeconfig({}, pod, folder)).toMatchObject({
      clusters: [{ cluster: { server: 'https://10.0.0.1:443' } }],
      users: [{ user: { tokenFile: join(folder, 'token') } }],
      contexts: [{ context: { namespace: 'shop' } }],
    });
    expect(podKubeconfig({}, { ...pod, POD_NAMESPACE: 'other' }, folder)?.contexts).toMatchObject([
      { context: { namespace: 'other' } },
    ]);
    for (const flags of [{ user: 'jo' }, { context: 'prod' }, { server: 'https://a' }, { cluster: 'a' }])
      expect(podKubeconfig(flags, pod, folder)).toBeUndefined();
    expect(podKubeconfig({}, {}, folder)).toBeUndefined();
    expect(podKubeconfig({}, { ...pod, KUBECONFIG: join(folder, 'token') }, folder)).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a --kubeconfig that does not exist is an error', () => {
  expect(() => kubectlFlags({ token: 't', kubeconfig: '/nonexistent' }, undefined, {})).toThrow(
    expect.objectContaining({ code: 'FILE_UNREADABLE' }) as Error,
  );
});
