import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { StreamEvent, StreamOptions } from '../../../../src/captures/stream/index.ts';
import { createUnbegun } from '../../../../src/captures/stream/unbegun.ts';
import type { KubectlProcess } from '../../../../src/kubernetes/kubectl.ts';
import { capturedPod as pod } from '../../../support/captures/capturedPod.ts';
import { capture, run, until } from '../../../support/captures/streamBench.ts';

/** A capture of which nothing comes until `begin` is called. */
function silent(): { readonly process: KubectlProcess; readonly begin: () => void } {
  const made = capture();
  const stdout = new PassThrough();
  void made.process.ended.then(() => stdout.end());
  return { process: { ...made.process, stdout }, begin: () => void made.process.stdout?.pipe(stdout) };
}

test.concurrent('a stream says how many of the first pods have not begun, and at the end names all that have not', async () => {
  const slow = silent();
  const open: StreamOptions['open'] = ({ name }) =>
    name === 'web-1' ? capture().process : name === 'slow' ? slow.process : silent().process;
  const counts: number[] = [];
  const onEvent = (event: StreamEvent): void => {
    if (event.type === 'progress') counts.push(event.unbegun);
  };
  const first = [pod('web-1'), pod('slow'), pod('starting', { ready: false })];
  const stream = run(first, { open, onEvent });
  await until('the first two', () => counts.length >= 2);
  expect(counts.at(-1)).toBe(1);
  stream.set(...first.slice(0, 2), pod('later'));
  slow.begin();
  await until('the slow one', () => counts.at(-1) === 0);
  stream.stop();
  expect(await stream.result).toMatchObject({ joined: 2, missed: [{ namespace: 'shop', name: 'later' }] });
});

test('a pod that is gone, that is being deleted, or of which something was reported is not waited for', () => {
  const [gone, deleted, failed, waiting] = ['gone', 'deleted', 'failed', 'waiting'].map((name) => pod(name));
  const unbegun = createUnbegun();
  unbegun.update([gone, deleted, failed, waiting].flatMap((one) => one ?? []));
  expect(unbegun.ofTheFirst()).toBe(4);
  if (failed !== undefined) unbegun.settle(failed);
  unbegun.update([pod('deleted', { deleting: true }), pod('failed'), pod('waiting'), pod('later')]);
  expect(unbegun.ofTheFirst()).toBe(1);
  expect(unbegun.pods().map(({ name }) => name)).toEqual(['waiting', 'later']);
});
