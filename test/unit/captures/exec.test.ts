import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { execInPod } from '../../../src/captures/exec.ts';
import { makeKubectl, makeKubectlStart } from '../../../src/kubernetes/kubectl.ts';

const pod = { namespace: 'shop', name: 'web-1', container: 'packet-capture' };

// What a program is started with is shown by echo; how kubectl itself answers stands in test/cluster.
test("a command runs in the agent's container without a shell", async () => {
  const { stdout, stdin, ended } = execInPod(makeKubectlStart({ program: 'echo', context: 'prod' }), pod, [
    'cat',
    '/a b',
    '$HOME',
  ]);
  expect(await text(stdout)).toBe(
    '--context=prod --request-timeout=0 exec web-1 --namespace shop --container packet-capture -- cat /a b $HOME\n',
  );
  expect(stdin).toBeUndefined();
  expect(await ended).toEqual({ code: 0, stderr: '' });
});

test('standard input is connected only on request', async () => {
  const { stdout, stdin, ended } = execInPod(makeKubectlStart({ program: 'echo' }), pod, ['cat'], { stdin: true });
  stdin?.end();
  expect(await text(stdout)).toBe(
    '--request-timeout=0 exec web-1 --namespace shop --container packet-capture --stdin -- cat\n',
  );
  expect(await ended).toMatchObject({ code: 0 });
});

test('unread output blocks the program, which can be killed', async () => {
  const { stdout, ended, kill } = makeKubectlStart({ program: 'test/fixtures/running/endless.sh' })([]);
  await new Promise((done) => stdout.once('readable', done));
  expect(stdout.readableLength).toBeLessThan(1024 ** 2);
  await setTimeout(100);
  expect(stdout.readableLength).toBeLessThan(1024 ** 2);
  kill();
  stdout.resume();
  expect(await ended).toMatchObject({ code: undefined, error: { code: 'KUBECTL_FAILED' } });
});

test('nothing is lost before somebody reads', async () => {
  const { stdout } = makeKubectlStart({ program: 'echo' })(['early']);
  await setTimeout(200);
  expect(await text(stdout)).toBe('--request-timeout=0 early\n');
});

test('errors are returned, never thrown', async () => {
  const missing = makeKubectlStart({ program: '/nonexistent/kubectl' })(['exec']);
  missing.stdout.resume();
  expect(await missing.ended).toMatchObject({ code: undefined, error: { code: 'KUBECTL_MISSING' } });
  const failed = makeKubectlStart({ program: 'cat' })(['/nonexistent']);
  failed.stdout.resume();
  expect(await failed.ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('request-timeout'),
    error: { code: 'KUBECTL_FAILED' },
  });
  const interrupted = makeKubectlStart({ program: 'echo', signal: AbortSignal.abort() })([]);
  interrupted.stdout.resume();
  expect(await interrupted.ended).toMatchObject({ error: { code: 'INTERRUPTED' } });
});

test('a command leads a process group of its own where there is no terminal', async () => {
  const { stdout } = makeKubectlStart({ program: 'test/fixtures/running/group.sh' })([]);
  const { stdout: other } = makeKubectlStart({ program: 'test/fixtures/running/group.sh' })([], { detached: true });
  const own = (await readFile('/proc/self/stat', 'utf8')).split(') ')[1]?.split(' ')[2];
  expect((await text(stdout)).trim()).not.toBe(own);
  expect((await text(other)).trim()).not.toBe(own);
});

test('a command without output is ended at its deadline', async () => {
  const kubectl = makeKubectl({ program: 'test/fixtures/running/silent.sh' });
  await expect(kubectl(['exec'], { deadlineSeconds: 1 })).rejects.toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    message: 'there was no answer within 1s',
  });
});
