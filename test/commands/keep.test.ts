import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeepPodsResult, WatchedKeep } from '../../src/captures/keep/index.ts';
import { parseKeep } from '../../src/settings/index.ts';
import { parseTime } from '../../src/time.ts';

/**
 * A kubectl with one pod, whose agent keeps what the annotation asks for. Its state is in files: `pod.json` is the pod,
 * `keep` the annotation.
 */
const kubectl = String.raw`
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const args = process.argv.slice(2).filter((arg) => !arg.startsWith('--request-timeout'));
const line = args.join(' ');
const say = (value) => process.stdout.write(typeof value === 'string' ? value : JSON.stringify(value));
const keep = () => existsSync(join(__dirname, 'keep')) ? readFileSync(join(__dirname, 'keep'), 'utf8') : '';
const ids = () => keep() === '' ? [] : ['20261129T030500Z'];
if (line.includes('SelfSubjectReview') || args[0] === 'create') say({ status: { userInfo: { username: 'alice' } } });
else if (args[0] === 'patch') {
  const file = args.find((arg) => arg.startsWith('--patch-file=')).slice('--patch-file='.length);
  const { metadata } = JSON.parse(readFileSync(file, 'utf8'));
  if (!line.includes('--dry-run=server')) writeFileSync(join(__dirname, 'keep'), metadata.annotations['packet-capture/keep']);
  say({ metadata: { name: 'web-1' } });
} else if (line.endsWith('send --list')) {
  say('{"state":"capturing"}\nnow ' + new Date().toISOString() + '\n9 web-1_20991129000000_00001.pcapng\n');
} else if (line.endsWith('keep.json')) {
  const [from, to] = keep().split(' ')[0].split('/');
  const requestedAt = new Date(Math.min(Date.parse(to), Date.now())).toISOString();
  const ended = Date.parse(to) <= Date.now() ? { ended: to } : {};
  const note = { id: ids()[0], from, to, requestedAt, ...ended, files: [{}, {}], bytes: 2048, packets: 7, dropped: 3, complete: false, truncated: { files: 1, bytes: 9 } };
  say('sum\n' + JSON.stringify(note));
} else if (line.endsWith('agent status')) {
  say({ state: 'capturing', settings: { keep: keep() }, invalid: [], kept: { keeps: ids().length, ids: ids(), lasting: [] } });
} else say(JSON.parse(readFileSync(join(__dirname, 'pod.json'), 'utf8')));
`;

const running = { running: {} };
const pod = (container: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', uid: 'u1' },
  spec: { containers: [{ name: 'app' }], initContainers: [{ name: 'packet-capture', image: 'agent' }] },
  status: {
    phase: 'Running',
    initContainerStatuses: [{ name: 'packet-capture', state: running }],
    containerStatuses: [{ name: 'app', ready: true, restartCount: 0, state: running, ...container }],
  },
});

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-keep-'));
  await writeFile(join(folder, 'kubectl'), `#!${process.execPath}\n${kubectl}`);
  await chmod(join(folder, 'kubectl'), 0o755);
  await writeFile(join(folder, 'pod.json'), JSON.stringify(pod({})));
});
afterEach(async () => rm(folder, { recursive: true }));

const command = ['bin/packet-capture.js', 'keep', 'web-1'];
const environment = (): { env: Record<string, string> } => ({ env: { KUBECTL: join(folder, 'kubectl') } });

test('keeps the files of the last minutes and waits for the next second: where, which, and what is missing; with the user and the reason', async () => {
  const { stderr, stdout } = await execa(
    process.execPath,
    [...command, '--last', '5m', '--and', '1s', '--reason', 'payments fail', '-o', 'json'],
    environment(),
  );
  const { pods, by } = JSON.parse(stdout) as KeepPodsResult & { by: string };
  const [kept] = pods;
  expect(by).toBe('alice');
  expect(kept).toMatchObject({ result: 'kept', kept: { id: '20261129T030500Z', files: 2, packets: 7 }, problem: null });
  expect(Date.parse(kept?.to ?? '') - Date.parse(kept?.from ?? '')).toBe(301_000);
  expect(await readFile(join(folder, 'keep'), 'utf8')).toBe(`${kept?.from}/${kept?.to} payments fail (by alice)`);
  expect(stderr).toContain(
    `shop/web-1: ${kept?.from} to ${kept?.to}: kept 20261129T030500Z: 2 files, 2.0Ki, 7 packets, 3 dropped, no room for 1 file; its oldest file begins at 2099-11-29T00:00:00Z: what was before is not in the ring`,
  );
});

test('Ctrl-C while the window lasts ends the wait alone, and says so; --wait=false does not wait', async () => {
  const waiting = execa(process.execPath, [...command, '--and', '10m', '-o', 'json'], {
    ...environment(),
    reject: false,
  });
  createInterface(waiting.stderr).on('line', (said) => {
    if (said.includes('after Ctrl-C')) waiting.kill('SIGINT');
  });
  const interrupted = await waiting;
  expect(interrupted.exitCode).toBe(130);
  const goesOn =
    /keeping 20261129T030500Z: 2 files, 2\.0Ki so far.*; its agent goes on until 2\S+Z, without this command/;
  expect(interrupted.stderr).toMatch(goesOn);
  const { pods } = JSON.parse(interrupted.stdout) as KeepPodsResult;
  expect(pods).toMatchObject([{ result: 'keeping', kept: { id: '20261129T030500Z' } }]);
  expect(pods[0]?.kept).not.toHaveProperty('packets');
  await rm(join(folder, 'keep'));
  const atOnce = await execa(process.execPath, [...command, '--and', '10m', '--wait=false'], environment());
  expect(atOnce.stderr).toMatch(goesOn);
});

test('a dry run stores nothing', async () => {
  const { stderr } = await execa(process.execPath, [...command, '--dry-run'], environment());
  expect(stderr).toMatch(/^shop\/web-1: 2\S+Z to 2\S+Z: would be kept \(dry run\)/m);
  await expect(readFile(join(folder, 'keep'))).rejects.toThrow('ENOENT');
});

test('--watch keeps what led to a crash, with a line for it, until Ctrl-C', async () => {
  const watch = execa(process.execPath, [...command, '--watch', '--last', '1m', '-o', 'json'], {
    ...environment(),
    reject: false,
  });
  const lines = createInterface(watch.stdout);
  for await (const said of createInterface(watch.stderr)) if (said.includes('watching')) break;
  const finishedAt = '2026-11-29T03:05:00Z';
  const oom = { restartCount: 1, lastState: { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt } } };
  // As one: kubectl may read it at any time.
  await writeFile(join(folder, 'crashed.json'), JSON.stringify(pod(oom)));
  setTimeout(() => void rename(join(folder, 'crashed.json'), join(folder, 'pod.json')), 500);
  for await (const line of lines) {
    expect(JSON.parse(line) as WatchedKeep).toMatchObject({
      namespace: 'shop',
      pod: 'web-1',
      container: 'app',
      reason: 'OOMKilled',
      at: finishedAt,
      from: '2026-11-29T03:04:00Z',
      to: '2026-11-29T03:05:01Z',
      event: 'container app: OOMKilled, exit code 137, restart 1',
      result: 'kept',
      leftOut: 0,
    });
    break;
  }
  watch.kill('SIGINT');
  const { exitCode } = await watch;
  expect(exitCode).toBe(130);
  expect(await readFile(join(folder, 'keep'), 'utf8')).toContain('container app: OOMKilled, exit code 137');
});

/** As https://prometheus.io/docs/alerting/latest/configuration/#webhook_config describes it. */
const webhookBody = {
  version: '4',
  groupKey: '{}:{}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'packet-capture',
  groupLabels: {},
  commonLabels: { namespace: 'shop' },
  commonAnnotations: {},
  externalURL: 'http://alertmanager:9093',
  alerts: [
    { status: 'firing', labels: { alertname: 'HighErrorRate', namespace: 'shop', pod: 'web-1' } },
    { status: 'resolved', labels: { alertname: 'HighErrorRate', namespace: 'shop', pod: 'web-2' } },
    { status: 'firing', labels: { alertname: 'NodeDown', namespace: 'shop' } },
  ].map((alert) => ({
    ...alert,
    annotations: {},
    startsAt: '2026-11-29T03:05:00.123Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint: '0',
  })),
};

test("the receiver of docs/flight-recorder.md keeps what led to an alert by Alertmanager's webhook, and answers 400 to anything else", async () => {
  const text = await readFile('docs/flight-recorder.md', 'utf8');
  const [, receiver = ''] = /```js\n(.*?)```/s.exec(text.slice(text.indexOf('## At an alert'))) ?? [];
  const free = receiver.replace('.listen(8080)', '.listen(0, function () { console.log(this.address().port) })');
  expect(free).not.toBe(receiver);
  await writeFile(join(folder, 'receiver.mjs'), free);
  await writeFile(join(folder, 'kubectl'), '#!/bin/sh\nprintf "%s\\n" "$@" end\n');
  const script = execa(process.execPath, [join(folder, 'receiver.mjs')], {
    env: { PATH: `${folder}:${process.env['PATH']}` },
    reject: false,
  });
  const lines = createInterface(script.stdout)[Symbol.asyncIterator]();
  const url = `http://127.0.0.1:${(await lines.next()).value}/`;
  expect((await fetch(url, { method: 'POST', body: 'no alert' })).status).toBe(400);
  expect((await fetch(url, { method: 'POST', body: JSON.stringify(webhookBody) })).status).toBe(200);
  const args: string[] = [];
  for await (const line of { [Symbol.asyncIterator]: () => lines }) {
    if (line === 'end') break;
    args.push(line);
  }
  script.kill();
  await script;
  const [key = '', value = ''] = args.at(-1)?.split('=') ?? [];
  expect(args.slice(0, -1)).toEqual(['annotate', '--overwrite', '--namespace=shop', 'pod/web-1']);
  expect(key).toBe('packet-capture/keep');
  expect(parseKeep(value)).toEqual({
    from: parseTime('2026-11-29T02:55:00.123Z'),
    to: parseTime('2026-11-29T03:07:00.123Z'),
    reason: 'HighErrorRate',
  });
});
