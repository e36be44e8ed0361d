import { expect, test } from 'vitest';
import { agentCommand, askAgent, isOlderAgent } from '../../../src/captures/agentCommand.ts';
import { codedError } from '../../../src/errors.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';
import { version } from '../../../src/version.ts';

const pod = { namespace: 'shop', name: 'web-1', container: 'packet-capture' };
const containerd =
  'error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "1": OCI runtime exec failed: exec failed: unable to start container process: exec: "/usr/lib/packet-capture/agent": stat /usr/lib/packet-capture/agent: no such file or directory: unknown';
const crio =
  'time="2026-11-28T12:00:00Z" level=error msg="exec failed: unable to start container process: exec: \\"/usr/lib/packet-capture/agent\\": stat /usr/lib/packet-capture/agent: no such file or directory"\ncommand terminated with exit code 255';

test.each([
  ['containerd finds no such program', undefined, containerd, true],
  ['CRI-O finds no such program', 255, crio, true],
  ['a command that it does not know', 2, 'packet-capture-agent: unknown command "capture"\n', true],
  ['a flag that it does not know', 2, 'flag provided but not defined: -offset\n', true],
  ['a file that is gone', 66, 'packet-capture-agent: openat web-1.pcapng: no such file or directory', false],
  ['a pod that is gone', 1, 'Error from server (NotFound): pods "web-1" not found', false],
  ['a filter with such words', 65, 'refused: unknown command', false],
])('an agent is older when there is %s', (_, code, said, older) => expect(isOlderAgent(code, said)).toBe(older));

/** Fails for all commands but those with an answer. */
function kubectlOf(message: string, answers: Readonly<Record<string, string>> = {}): Kubectl {
  return async (args) => {
    const answer = answers[args.at(-1) ?? ''];
    if (answer === undefined) throw codedError('KUBECTL_FAILED', message);
    return { stdout: answer, stderr: '' };
  };
}

test.each([
  [
    'an image of before',
    kubectlOf(containerd),
    `its agent is older than this program and does not know this command: its pod needs the image of ${version}`,
  ],
  [
    'one that tells its version',
    kubectlOf('packet-capture-agent: unknown command "status"\ncommand terminated with exit code 2', {
      version: '0.0.9\n',
    }),
    `its agent has version 0.0.9, which does not know this command: its pod needs the image of ${version}`,
  ],
])('%s is said to be too old', async (_, kubectl, message) => {
  await expect(askAgent(kubectl, pod, agentCommand('status'), { maxBytes: 100 })).rejects.toMatchObject({
    code: 'AGENT_TOO_OLD',
    message,
    where: 'pod/web-1 in namespace shop',
  });
});

test.each<[string, string | undefined]>([
  ['9.0.0', 'PROGRAM_TOO_OLD'],
  [version.replace(/\d+$/, '99'), 'PROGRAM_TOO_OLD'],
  [`${version}-rc.1`, 'AGENT_TOO_OLD'],
  [version, 'AGENT_TOO_OLD'],
  ['0.0.99', 'AGENT_TOO_OLD'],
  ['newest', 'AGENT_TOO_OLD'],
])('an agent of version %s that does not know a command: %s', async (theirs, code) => {
  const said = 'packet-capture-agent: unknown command "status"\ncommand terminated with exit code 2';
  const asked = askAgent(kubectlOf(said, { version: `${theirs}\n` }), pod, agentCommand('status'), { maxBytes: 100 });
  await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining(theirs) });
});

const execFailed =
  'error: Internal error occurred: error executing command in container: failed to exec in container: ';
test.each([
  ['runc', `${execFailed}failed to start exec "1": OCI runtime exec failed: cannot exec in a stopped container`],
  ['runc before 1.2', 'OCI runtime exec failed: exec failed: cannot exec a container that has stopped: unknown'],
  ['containerd', `${execFailed}container is in CONTAINER_EXITED state`],
  ['containerd, a moment earlier', `${execFailed}failed to load task: no running task found: not found`],
  ['CRI-O', 'error: Internal error occurred: container is not created or running: unknown'],
  [
    'the kubelet',
    'error: Internal error occurred: unable to upgrade connection: container not found ("packet-capture")',
  ],
])('a container that has ended is said to have ended, in the words of %s', async (_, said) => {
  await expect(askAgent(kubectlOf(said), pod, agentCommand('status'), { maxBytes: 100 })).rejects.toMatchObject({
    code: 'AGENT_ENDED',
    message: 'its container packet-capture has ended',
    where: 'pod/web-1 in namespace shop',
  });
});

test('other errors stay what they are', async () => {
  await expect(
    askAgent(kubectlOf('command terminated with exit code 1'), pod, agentCommand('status'), { maxBytes: 100 }),
  ).rejects.toMatchObject({ code: 'KUBECTL_FAILED' });
});
