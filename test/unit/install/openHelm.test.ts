import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHelm } from '../../../src/install/helm/helm.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-test-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** A program that says that it is this version, and otherwise writes down how it was called. */
async function program(version: string, end = 'exit 0'): Promise<string> {
  const file = join(folder, `helm-${version}-${end.length}`);
  const script = `#!/bin/sh\nif [ "$1" = version ]; then echo '${version}'; exit 0; fi\nprintf '%s\\n' "$@" >'${file}.arguments'\ncat >'${file}.input'\n${end}\n`;
  await writeFile(file, script);
  await chmod(file, 0o755);
  return file;
}

test('the connection stands behind the arguments, and a key goes by standard input alone', async () => {
  const file = await program('v4.2.4');
  const helm = await openHelm({ program: file, namespace: 'tools', context: 'a b', kubeconfig: '/k $x' });
  await helm.run(['upgrade', 'web', '--values=-'], { input: '{"certs":{"key":"SECRET"}}' });
  const given = (await readFile(`${file}.arguments`, 'utf8')).split('\n');
  expect(given).toEqual(['upgrade', 'web', '--values=-', '--kubeconfig=/k $x', '--kube-context=a b', '--namespace=tools', '']);
  expect(await readFile(`${file}.input`, 'utf8')).toBe('{"certs":{"key":"SECRET"}}');
});

test("helm's own environment does not lead it to another cluster than kubectl's", async () => {
  const file = await program('v4.2.4', 'env >"$0.environment"');
  process.env['HELM_KUBECONTEXT'] = 'elsewhere';
  try {
    await (await openHelm({ program: file, namespace: 'tools' })).run(['list']);
  } finally {
    delete process.env['HELM_KUBECONTEXT'];
  }
  expect(await readFile(`${file}.environment`, 'utf8')).toMatch(/^HELM_KUBECONTEXT=$/m);
});

test('an error holds nothing of the input', async () => {
  const helm = await openHelm({ program: await program('v4.2.4', 'echo "Error: broken" >&2; exit 1'), namespace: 'tools' });
  const error: unknown = await helm.run(['upgrade', 'web', '--values=-'], { input: 'SECRET' }).catch((failure: unknown) => failure);
  expect(error).toMatchObject({ code: 'HELM_FAILED', message: 'broken', where: 'helm upgrade web' });
  expect(JSON.stringify(error) + String((error as Error).cause)).not.toContain('SECRET');
});

test('Ctrl-C lets helm finish what it writes down', async () => {
  const file = await program('v4.2.4', `trap 'echo failed >"$0.state"; exit 1' TERM; : >"$0.ready"; while :; do sleep 0.05; done`);
  const helm = await openHelm({ program: file, namespace: 'tools' });
  const interrupted = new AbortController();
  const run = helm.run(['upgrade', 'web'], { signal: interrupted.signal }).catch((error: unknown) => error);
  while ((await readFile(`${file}.ready`).catch(() => undefined)) === undefined) await new Promise((done) => setTimeout(done, 20));
  interrupted.abort();
  expect(await run).toMatchObject({ code: 'INTERRUPTED' });
  expect(await readFile(`${file}.state`, 'utf8')).toBe('failed\n');
});

test('no helm, and one that is refused', async () => {
  await expect(openHelm({ program: join(folder, 'none'), namespace: 'x' })).rejects.toMatchObject({ code: 'HELM_MISSING' });
  await expect(openHelm({ program: await program('v4.2.1'), namespace: 'x' })).rejects.toMatchObject({ code: 'HELM_UNSUPPORTED' });
});
