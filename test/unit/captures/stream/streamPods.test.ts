import type { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { podCapture, captureEnd } from '../../../../src/captures/stream/podCapture.ts';
import { codedError } from '../../../../src/errors.ts';
import { platformOf } from '../../../../src/settings/index.ts';
import { version } from '../../../../src/version.ts';
import { capturedPod as pod } from '../../../support/captures/capturedPod.ts';
import { capture, run, until } from '../../../support/captures/streamBench.ts';
import { readAll } from '../../../support/pcapng/captureFiles.ts';

test.concurrent('when pods come and go, all their packets are in one file, in order of time, with their names', async () => {
  const session = run([pod('web-1'), pod('web-2')]);
  await until('both', () => session.events.length === 2);
  const [one, two] = ['web-1', 'web-2'].map((name) => session.captures.get(name)?.[0]);
  two?.send(2, 4);
  one?.send(1, 3, 5);
  one?.end({ code: 137, stderr: 'command terminated with exit code 137' });
  session.set(pod('web-2'), pod('web-3'));
  await until('the third', () => session.events.includes('joined web-3'));
  session.captures.get('web-3')?.[0]?.send(6);
  await until('all', () => readAll(session.pieces).records.filter(({ type }) => type === 'packet').length === 6);
  session.stop();
  expect(await session.result).toEqual({
    joined: 3,
    leftOut: 0,
    missed: [],
    packets: 6,
    late: 0,
    dropped: 0,
    unreported: 3,
  });
  expect(session.events).toEqual(['joined web-1', 'joined web-2', 'left web-1', 'joined web-3']);
  const packets = readAll(session.pieces).records.flatMap((record) =>
    record.type === 'packet' ? [[record.interface.name, Number(record.ticks) / 1000]] : [],
  );
  expect(packets).toEqual([
    ['shop/web-1:eth0', 1],
    ['shop/web-2:eth0', 2],
    ['shop/web-1:eth0', 3],
    ['shop/web-2:eth0', 4],
    ['shop/web-1:eth0', 5],
    ['shop/web-3:eth0', 6],
  ]);
});

test.concurrent('at most the given number of pods are captured at a time; the others are reported, and replace one that leaves', async () => {
  const all = ['web-1', 'web-2', 'web-3', 'web-4'].map((name) => pod(name));
  const session = run([...all, pod('starting', { ready: false })], { mostPods: 2 });
  await until('two, and the word', () => session.events.length === 3);
  expect(session.events.toSorted()).toEqual(['joined web-1', 'joined web-2', 'left_out web-3,web-4']);
  session.captures.get('web-1')?.[0]?.end({ code: 137 });
  session.set(...all.slice(1), pod('web-5'));
  await until('the place was taken', () => session.events.length === 6);
  // Those of before are not named again.
  expect(session.events.slice(3).toSorted()).toEqual(['joined web-3', 'left web-1', 'left_out web-5']);
  expect([...session.captures.keys()]).toEqual(['web-1', 'web-2', 'web-3']);
  session.stop();
  expect(await session.result).toMatchObject({ joined: 3, leftOut: 2 });
});

test.concurrent('packets that are captured until the end are written, and nothing is read before the first list of pods', async () => {
  const session = run([pod('web-1')]);
  await until('joined', () => session.events.length === 1);
  const { process, send } = session.captures.get('web-1')?.[0] ?? capture();
  process.stdin?.prependListener('finish', () => send(8));
  session.stop();
  expect(await session.result).toMatchObject({ packets: 1 });
  const failed = run([], { find: async () => Promise.reject(new Error('no such thing')) });
  await expect(failed.result).rejects.toThrow('no such thing');
  expect(failed.pieces).toEqual([]);
});

test.concurrent('at the end, the stream waits for a capture while bytes arrive; a silent one is killed and reported', async () => {
  const captures = { 'web-1': capture(true), 'web-2': capture(true), 'web-3': capture() };
  const session = run([pod('web-1'), pod('web-2'), pod('web-3')], {
    open: ({ name }) => captures[name as keyof typeof captures].process,
  });
  await until('all', () => session.events.length === 3);
  captures['web-3'].process.stdin?.prependListener('finish', () =>
    captures['web-3'].end({ stderr: '{"interface":"eth0","packets":9,"dropped":3}\n' }),
  );
  session.stop();
  for (let second = 1; second <= 7; second += 1) {
    captures['web-1'].send(second);
    await sleep(1000);
  }
  captures['web-1'].end({ stderr: '{"interface":"eth0","packets":7,"dropped":0}\n' });
  expect(await session.result).toEqual({
    joined: 3,
    leftOut: 0,
    missed: [],
    packets: 7,
    late: 0,
    dropped: 3,
    unreported: 1,
  });
  expect(session.events.slice(3)).toEqual(['cut web-2 it did not end in time']);
});

test.concurrent('a capture that fails is started again after longer and longer pauses; other pods are not affected', async () => {
  const session = run([pod('web-1'), pod('web-2')]);
  await until('both', () => session.events.length === 2);
  session.captures.get('web-1')?.[0]?.end({ code: 1, stderr: 'dumpcap: no such device' });
  await until('again', () => session.captures.get('web-1')?.length === 2);
  expect(session.captures.get('web-2')).toHaveLength(1);
  session.captures.get('web-1')?.[1]?.process.stdout.push(new Uint8Array(64));
  await until('damaged', () => session.events.some((event) => event.includes('failed web-1 a block claims')));
  session.stop();
  await session.result;
  expect(session.events.slice(2)).toEqual([
    'failed web-1 the capture ended',
    'joined web-1',
    'failed web-1 a block claims to have 0 bytes, fewer than it needs',
  ]);
});

test.concurrent('changed settings of a capture take effect; other settings do not restart it', async () => {
  const session = run([pod('web-1')]);
  await until('joined', () => session.events.length === 1);
  session.set(pod('web-1', { annotations: { 'packet-capture/filter': 'port 80', 'packet-capture/rotate': '5s' } }));
  await until('again', () => session.captures.get('web-1')?.length === 2);
  session.set(pod('web-1', { annotations: { 'packet-capture/filter': 'port 80', 'packet-capture/rotate': '9s' } }));
  await sleep(2500);
  session.stop();
  expect(await session.result).toMatchObject({ joined: 2 });
  expect(session.events).toEqual(['joined web-1', 'changed web-1', 'joined web-1']);
});

test.concurrent('a refused filter of the command ends it; a refused filter of a pod is reported', async () => {
  const refused = { code: 65, stderr: "refused: unknown port 'eighty'\n" };
  const asked = run([pod('web-1')], { wanted: { filter: 'port eighty' } });
  await until('opened', () => asked.captures.size === 1);
  asked.captures.get('web-1')?.[0]?.end(refused);
  await expect(asked.result).rejects.toMatchObject({ code: 'SETTING_INVALID', where: '--filter' });
  const own = run([pod('web-1'), pod('web-2', { annotations: { 'packet-capture/snaplen': 'many' } })]);
  await until('opened', () => own.captures.size === 1);
  own.captures.get('web-1')?.[0]?.end({
    ...refused,
    error: Object.assign(new Error('exit code 65'), { code: 'KUBECTL_FAILED', hint: '' }) as never,
  });
  await until('told', () => own.events.length === 3);
  own.stop();
  await own.result;
  expect(own.events.toSorted((a, b) => a.localeCompare(b))).toEqual([
    "failed web-1 unknown port 'eighty'",
    'failed web-2 its setting snaplen "many" must be headers, or a whole number of bytes up to 262144',
    'joined web-1',
  ]);
});

test.concurrent('when the output is closed, all captures are ended', async () => {
  const session = run([pod('web-1')], {
    write: async () => Promise.reject(Object.assign(new Error('gone'), { code: 'EPIPE' })),
  });
  expect(await session.result).toMatchObject({ outputError: { code: 'EPIPE' } });
  const ended = await Promise.all((session.captures.get('web-1') ?? []).map(async ({ process }) => process.ended));
  expect(ended).toMatchObject([{ code: 0 }]);
});

test.concurrent('while the output is blocked, nothing more is read', async () => {
  let release: () => void = () => {};
  const blocked = new Promise<void>((resolve) => {
    release = resolve;
  });
  const session = run([pod('web-1')], { write: async () => blocked });
  await until('joined', () => session.events.length === 1);
  await sleep(200);
  const { stdout } = session.captures.get('web-1')?.[0]?.process ?? capture().process;
  session.captures.get('web-1')?.[0]?.send(...Array.from({ length: 5000 }, (_, index) => index));
  await sleep(300);
  expect((stdout as PassThrough).writableLength + stdout.readableLength).toBeGreaterThan(100_000);
  release();
  await until('read', () => (stdout as PassThrough).writableLength + stdout.readableLength === 0);
  session.stop();
  expect(await session.result).toMatchObject({ packets: 5000 });
});

test('the pod is asked for its own settings unless others are wanted', () => {
  const annotated = {
    annotations: {
      'packet-capture/filter': 'port 80',
      'packet-capture/snaplen': '96',
      'packet-capture/stream': 'host:1',
    },
    defaults: { interfaces: 'eth0', filter: 'udp' },
  };
  expect(podCapture(annotated, {})).toEqual({ interfaces: 'eth0', snaplen: '96', filter: 'port 80' });
  expect(podCapture(annotated, { filter: '', interfaces: 'all', snaplen: '0' })).toEqual({
    interfaces: 'all',
    snaplen: '0',
    filter: '',
  });
  expect(podCapture({ annotations: {}, defaults: {} }, {})).toEqual({ interfaces: 'all', snaplen: '0', filter: '' });
});

test('an annotation that the release has locked has no effect on a stream either', () => {
  const platform = platformOf({ PACKET_CAPTURE_ALLOWED_SETTINGS: 'state snaplen', PACKET_CAPTURE_FILTER: 'tcp' });
  const annotations = {
    'packet-capture/filter': 'udp',
    'packet-capture/interfaces': 'lo',
    'packet-capture/snaplen': '96',
  };
  expect(podCapture({ annotations, defaults: { filter: 'tcp' }, platform }, {})).toEqual({
    interfaces: 'all',
    snaplen: '96',
    filter: 'tcp',
  });
});

test('the number of dropped packets is read from the last line of a capture', () => {
  const stderr =
    'something\n{"interface":"eth0","packets":9,"dropped":3}\n{"interface":"net1","packets":1,"dropped":4}\n{"dropped":-1}\n{"dropped"\n';
  expect(captureEnd({ code: 0, stderr })).toEqual({ code: 0, reason: undefined, dropped: 7 });
});

test.each([
  [
    65,
    "refused: can't parse filter expression: syntax error\ncommand terminated with exit code 65",
    "can't parse filter expression: syntax error",
  ],
  [
    2,
    'packet-capture-agent: unknown command "capture"\n',
    `its agent is older than this program and does not know this command: its pod needs the image of ${version}`,
  ],
  [1, 'error: connection reset', 'connection reset'],
  [1, 'OCI runtime exec failed: exec failed: cannot exec in a stopped container', 'its container has ended'],
])('a capture that ends with %i: %s', (code, stderr, reason) => {
  expect(captureEnd({ code, stderr, error: codedError('KUBECTL_FAILED', 'connection reset') })).toEqual({
    code,
    reason,
    dropped: undefined,
    ...(reason.includes('older') ? { older: true } : {}),
  });
});
