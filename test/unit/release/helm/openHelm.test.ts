import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterFlags } from '../../../../src/kubernetes/clusterFlags.ts';
import { openHelm, type Helm } from '../../../../src/release/helm/helm.ts';
import { helmConnection } from '../../../../src/release/helm/helmConnection.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** @param view what kubectl says of its configuration */
async function open(file: string, cluster: ClusterFlags = {}, namespace = 'tools', view: object = {}): Promise<Helm> {
  const kubectl = async (): Promise<{ readonly stdout: string; readonly stderr: string }> => ({
    stdout: JSON.stringify(view),
    stderr: '',
  });
  return openHelm({ program: file, namespace, ...(await helmConnection(kubectl, cluster, {})) });
}

/** A program that says that it is this version, and otherwise writes down how it was called. */
async function program(version: string, end = 'exit 0'): Promise<string> {
  const file = join(folder, `helm-${version}-${end.length}`);
  const script = `#!/bin/sh\nif [ "$1" = version ]; then echo '${version}'; exit 0; fi\nprintf '%s\\n' "$@" >'${file}.arguments'\ncat >'${file}.input'\n${end}\n`;
  await writeFile(file, script);
  await chmod(file, 0o755);
  return file;
}

test('the connection comes after the arguments, and a key is passed only by standard input', async () => {
  const file = await program('v4.2.4');
  const helm = await open(file, { context: 'a b', kubeconfig: '/k $x' });
  await helm.run(['upgrade', 'web', '--values=-'], { input: '{"certs":{"key":"SECRET"}}' });
  const given = (await readFile(`${file}.arguments`, 'utf8')).split('\n');
  expect(given).toEqual([
    'upgrade',
    'web',
    '--values=-',
    '--kubeconfig=/k $x',
    '--kube-context=a b',
    '--namespace=tools',
    '',
  ]);
  expect(await readFile(`${file}.input`, 'utf8')).toBe('{"certs":{"key":"SECRET"}}');
});

test("helm's own environment variables do not select another cluster than kubectl's", async () => {
  const file = await program('v4.2.4', 'env >"$0.environment"');
  process.env['HELM_KUBECONTEXT'] = 'elsewhere';
  try {
    await (await open(file)).run(['list']);
  } finally {
    delete process.env['HELM_KUBECONTEXT'];
  }
  expect(await readFile(`${file}.environment`, 'utf8')).toMatch(/^HELM_KUBECONTEXT=$/m);
});

test('an error contains nothing of the input', async () => {
  const helm = await open(await program('v4.2.4', 'echo "Error: broken" >&2; exit 1'));
  const error: unknown = await helm
    .run(['upgrade', 'web', '--values=-'], { input: 'SECRET' })
    .catch((failure: unknown) => failure);
  expect(error).toMatchObject({ code: 'HELM_FAILED', message: 'broken', where: 'helm upgrade web' });
  expect(JSON.stringify(error) + String((error as Error).cause)).not.toContain('SECRET');
});

test('after Ctrl-C helm can still record the release', async () => {
  const file = await program(
    'v4.2.4',
    `trap 'echo failed >"$0.state"; exit 1' TERM; : >"$0.ready"; while :; do sleep 0.05; done`,
  );
  const helm = await open(file);
  const interrupted = new AbortController();
  const run = helm.run(['upgrade', 'web'], { signal: interrupted.signal }).catch((error: unknown) => error);
  while ((await readFile(`${file}.ready`).catch(() => undefined)) === undefined)
    await new Promise((done) => setTimeout(done, 20));
  interrupted.abort();
  expect(await run).toMatchObject({ code: 'INTERRUPTED' });
  expect(await readFile(`${file}.state`, 'utf8')).toBe('failed\n');
});

test('an absent helm and an unsupported version are errors', async () => {
  await expect(open(join(folder, 'none'))).rejects.toMatchObject({ code: 'HELM_MISSING' });
  await expect(open(await program('v4.2.1'))).rejects.toMatchObject({ code: 'HELM_UNSUPPORTED' });
});

test("kubectl's flags are passed as helm's flags, and a token is not an argument", async () => {
  const file = await program('v4.2.4', 'env >"$0.environment"');
  const helm = await open(file, {
    server: 'https://10.0.0.1',
    token: 'SECRET',
    as: 'admin',
    asGroup: ['ops', 'on call'],
    certificateAuthority: '/ca',
    tlsServerName: 'api',
    insecureSkipTlsVerify: true,
    requestTimeout: '5s',
  });
  await helm.run(['list']);
  const given = (await readFile(`${file}.arguments`, 'utf8')).trim().split('\n');
  expect(given).toEqual([
    'list',
    '--kube-apiserver=https://10.0.0.1',
    '--kube-ca-file=/ca',
    '--kube-tls-server-name=api',
    '--kube-insecure-skip-tls-verify',
    '--kube-as-user=admin',
    '--kube-as-group=ops',
    '--kube-as-group=on call',
    '--namespace=tools',
  ]);
  expect(await readFile(`${file}.environment`, 'utf8')).toMatch(/^HELM_KUBETOKEN=SECRET$/m);
});

test('flags that helm does not have are passed by a private kubeconfig before the others', async () => {
  const file = await program(
    'v4.2.4',
    'env >"$0.environment"; cat "${KUBECONFIG%%:*}" >"$0.kubeconfig"; stat -c %a "${KUBECONFIG%%:*}" >"$0.mode"',
  );
  const other = join(folder, 'other.kubeconfig');
  await writeFile(other, '');
  const view = {
    contexts: [
      { name: 'prod', context: { cluster: 'east', user: 'jo' } },
      { name: 'test', context: { cluster: 'west', user: 'jo' } },
    ],
    'current-context': 'test',
  };
  const kubeconfig = async (flags: ClusterFlags): Promise<unknown> => {
    await (await open(file, { kubeconfig: other, ...flags }, 'tools', view)).run(['list']);
    return JSON.parse(await readFile(`${file}.kubeconfig`, 'utf8')) as unknown;
  };
  expect(await kubeconfig({ user: 'robot' })).toMatchObject({
    'current-context': 'packet-capture-flags',
    contexts: [{ context: { cluster: 'west', user: 'robot' } }],
  });
  expect(await kubeconfig({ cluster: 'north', context: 'prod' })).toMatchObject({
    contexts: [{ context: { cluster: 'north', user: 'jo' } }],
  });
  expect(await kubeconfig({ username: 'jo', password: 'SECRET', context: 'prod' })).toMatchObject({
    contexts: [{ context: { cluster: 'east', user: 'packet-capture-flags' } }],
    users: [{ name: 'packet-capture-flags', user: { username: 'jo', password: 'SECRET' } }],
  });
  expect(await readFile(`${file}.arguments`, 'utf8')).toBe('list\n--namespace=tools\n');
  expect((await readFile(`${file}.mode`, 'utf8')).trim()).toBe('600');
  expect(/^KUBECONFIG=[^:]*:(.*)$/m.exec(await readFile(`${file}.environment`, 'utf8'))?.[1]).toBe(other);
  await expect(open(file, { asUid: '7' })).rejects.toMatchObject({ code: 'USAGE', where: '--as-uid' });
});
