import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { StreamOptions } from '../../../../src/captures/stream/index.ts';
import { codedError } from '../../../../src/errors.ts';
import type { KubectlProcess } from '../../../../src/kubernetes/kubectl.ts';
import { capturedPod as pod } from '../../../support/captures/capturedPod.ts';
import { capture, run, until } from '../../../support/captures/streamBench.ts';

/** A capture in a pod whose image has no such program. */
function tooOld(): KubectlProcess {
  const stdout = new PassThrough();
  stdout.end();
  const stderr = 'exec: "/usr/lib/packet-capture/agent": stat /usr/lib/packet-capture/agent: no such file or directory';
  const error = codedError('KUBECTL_FAILED', 'command terminated with exit code 1');
  return { stdin: new PassThrough(), stdout, ended: Promise.resolve({ code: 1, stderr, error }), kill: () => {} };
}

test.concurrent('when all agents are too old to capture, each is named once, and the stream ends', async () => {
  const stream = run([pod('web-1'), pod('web-2')], { open: tooOld });
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  void stream.result.then(end, end);
  await until('the end', () => ended);
  await expect(stream.result).rejects.toMatchObject({
    code: 'AGENT_TOO_OLD',
    where: 'deployment/web in namespace shop',
  });
  expect(stream.events).toEqual(
    ['web-1', 'web-2'].map((name) => expect.stringContaining(`failed ${name} its agent is older than this program`)),
  );
});

test.concurrent('an agent that is too old ends no stream of others, and is not tried again', async () => {
  const [opened, other]: [string[], ReturnType<typeof capture>] = [[], capture()];
  const open: StreamOptions['open'] = ({ name }) => {
    opened.push(name);
    return name === 'web-1' ? tooOld() : other.process;
  };
  const stream = run([pod('web-1'), pod('web-2')], { open });
  other.send(1);
  await until('the failure', () => stream.events.some((event) => event.startsWith('failed web-1')));
  // Any other failure is tried again after a second.
  await sleep(2500);
  expect(opened.toSorted()).toEqual(['web-1', 'web-2']);
  stream.stop();
  expect(await stream.result).toMatchObject({ joined: 1, packets: 1 });
});
