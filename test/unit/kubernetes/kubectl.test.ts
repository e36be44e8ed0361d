import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { kubectlJson, kubectlWarnings, makeKubectl } from '../../../src/kubernetes/kubectl.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

// What a program is started with is shown by echo; how kubectl itself answers stands in test/cluster.
describe('makeKubectl', () => {
  test('puts the connection first, so that a later --namespace wins', async () => {
    const kubectl = makeKubectl({ program: 'echo', context: 'prod', namespace: 'shop', kubeconfig: '/etc/a b' });
    const { stdout } = await kubectl(['get', 'deploy/web', '--namespace', 'cart']);
    expect(stdout).toBe(
      '--kubeconfig=/etc/a b --context=prod --namespace=shop --request-timeout=15s get deploy/web --namespace cart',
    );
  });

  test('passes arguments unchanged, without a shell', async () => {
    const { stdout } = await makeKubectl({ program: 'echo' })(['$HOME;', '*', '"a  b"'], { timeoutSeconds: 60 });
    expect(stdout).toBe('--request-timeout=60s $HOME; * "a  b"');
  });

  test('runs the program that KUBECTL names', async () => {
    vi.stubEnv('KUBECTL', '/bin/echo');
    expect((await makeKubectl({})(['version'])).stdout).toBe('--request-timeout=15s version');
  });

  test('says which program is missing', async () => {
    await expect(makeKubectl({ program: '/nonexistent/kubectl' })(['version'])).rejects.toMatchObject({
      code: 'KUBECTL_MISSING',
      message: 'the program "/nonexistent/kubectl" cannot be started (ENOENT)',
    });
  });

  test("fails with the program's message", async () => {
    await expect(makeKubectl({ program: 'cat' })(['/nonexistent'])).rejects.toMatchObject({
      code: 'KUBECTL_FAILED',
      message: expect.stringContaining('request-timeout=15s'),
      where: 'kubectl /nonexistent',
    });
  });

  test('reports the exit code of a program that fails without a message', async () => {
    await expect(makeKubectl({ program: 'false' })([])).rejects.toMatchObject({
      code: 'KUBECTL_FAILED',
      message: 'exit code 1',
    });
  });

  test('ends with INTERRUPTED when its signal is aborted', async () => {
    await expect(makeKubectl({ program: 'echo', signal: AbortSignal.abort() })(['get'])).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });
});

test('kubectlWarnings returns only the warnings of the API server', () => {
  expect(
    kubectlWarnings(
      'Warning: would violate PodSecurity "baseline:latest"\nI1122 log\nWarning: unknown field "spec.foo"\n',
    ),
  ).toEqual(['would violate PodSecurity "baseline:latest"', 'unknown field "spec.foo"']);
  expect(kubectlWarnings('')).toEqual([]);
});

test('the place of an error is the command, not its script', async () => {
  const script = 'set -e\necho one\n'.repeat(20);
  const error: unknown = await makeKubectl({ program: 'false' })([
    'exec',
    'web-1',
    '--container',
    'c',
    '--',
    'sh',
    '-c',
    script,
  ]).catch((failure: unknown) => failure);
  expect(error).toMatchObject({ where: 'kubectl exec web-1 --container c -- sh' });
  await expect(makeKubectl({ program: 'false' })(['get', `a\n${'b'.repeat(300)}`])).rejects.toMatchObject({
    where: `kubectl get a ${'b'.repeat(198)}…`,
  });
});

test('an error contains nothing of the input', async () => {
  const error: unknown = await makeKubectl({ program: '/nonexistent/kubectl' })(['create', '-f', '-'], {
    input: 'SECRET',
  }).catch((failure: unknown) => failure);
  expect((error as Error).cause).toBeUndefined();
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('SECRET');
});

test('an answer that is too large is cut off', async () => {
  const before = process.memoryUsage().rss;
  await expect(
    makeKubectl({ program: 'test/fixtures/running/endless.sh' })(['exec'], { maxBytes: 1024 ** 2 }),
  ).rejects.toMatchObject({
    code: 'ANSWER_TOO_LARGE',
    message: 'the answer is larger than what is read (1.0Mi)',
  });
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2);
  expect((await makeKubectl({ program: 'echo' })(['1234'], { maxBytes: 27 })).stdout).toBe(
    '--request-timeout=15s 1234',
  );
});

test('an answer that is not JSON is reported as such', async () => {
  await expect(kubectlJson(makeKubectl({ program: 'echo' }), ['get', 'pods'])).rejects.toMatchObject({
    code: 'KUBECTL_FAILED',
    message: expect.stringMatching(/^the answer is not/) as string,
    where: 'kubectl get pods',
  });
});
