import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { beforeAll, expect, inject, test } from 'vitest';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import type { Summary } from '../../../src/summary/index.ts';
import { appPod } from '../../support/cluster/apps.ts';
import {
  agentEvent,
  agentImage,
  cli,
  fetchPage,
  injectAndApply,
  kube,
  podField,
} from '../../support/cluster/clusterFixture.ts';
import { useNamespace } from '../../support/cluster/namespace.ts';

const node = inject('node');
const shop = useNamespace('summary-long');
const inShop = ['-n', shop];
let address: string;

beforeAll(async () => {
  await injectAndApply(appPod(shop, 'web', { graceSeconds: 0 }), '--image', agentImage);
  await kube(['wait', '-n', shop, '--for=condition=Ready', 'pod/web', '--timeout=120s']);
  await agentEvent(shop, 'web', 'started');
  address = await podField(shop, 'web', '.status.podIP');
});

/** Fetches the page until what is waited for has come. */
async function whileFetching<T>(work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const fetching = (async () => {
    while (!over.signal.aborted) {
      await fetchPage(address);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  try {
    return await work;
  } finally {
    over.abort();
    await fetching;
  }
}

/** @param terminal whether standard output is one: then `script` makes it */
async function begin(args: readonly string[], terminal = false) {
  const program = [process.execPath, 'bin/packet-capture.js', 'summary', ...args];
  const quoted = program.map((word) => `'${word}'`).join(' ');
  const argv = inNetns(
    node.netns,
    terminal ? ['script', '-qfec', `stty rows 40 cols 120; exec ${quoted}`, '/dev/null'] : program,
  );
  const env = { ...process.env, ...(await clusterEnvironment(node)) };
  return spawn(argv[0] ?? '', argv.slice(1), { env, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** What every summary of the pod says: the answers of its server, and its name. */
const ofWeb = (): object => ({
  http: { statuses: [expect.objectContaining({ what: '200' })] },
  talkers: expect.arrayContaining([expect.objectContaining({ name: `${shop}/web`, address })]),
});

test('a pod is counted for --duration, with its name', async () => {
  const { stdout, stderr, exitCode } = await whileFetching(
    cli(['summary', 'pod/web', ...inShop, '--duration', '5s', '-o', 'json']),
  );
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining(`${shop}/web: joined`)]);
  expect(JSON.parse(stdout)).toMatchObject(ofWeb());
});

test('on a terminal, --live draws the table again and again; at Ctrl-C the result stays', async () => {
  const running = await begin(['web', ...inShop, '--live'], true);
  let shown = '';
  const screens = (): string[] => shown.split('\u001B[H\u001B[2J').slice(1);
  const enough = new Promise<void>((resolve) => {
    running.stdout.on('data', (text: Buffer) => {
      shown += text.toString();
      if (screens().filter((screen) => /^\d+ responses?: 200/m.test(screen)).length >= 2) resolve();
    });
  });
  await whileFetching(Promise.race([enough, once(running, 'exit')]));
  const before = screens().length;
  for (const screen of screens()) expect(screen.split('\n').length).toBeLessThanOrEqual(40);
  const ended = once(running, 'close');
  running.stdin.write('\u0003');
  expect(await ended).toEqual([130, null]);
  expect(screens().length).toBeGreaterThan(before);
  const last = screens().at(-1) ?? '';
  // The whole table, in place of the one before.
  expect(last.match(/^CAPTURE\r?$/gm)).toHaveLength(1);
  expect(last).toMatch(/responses?: 200/);
});

test('into a pipe, --live -o json writes lines, and a last one at Ctrl-C', async () => {
  const running = await begin(['web', ...inShop, '--live', '-o', 'json', '--top', '5']);
  const lines: Summary[] = [];
  const reader = createInterface({ input: running.stdout });
  const enough = new Promise<void>((resolve) => {
    reader.on('line', (line) => {
      lines.push(JSON.parse(line) as Summary);
      if (lines.filter(({ http }) => http.responses > 0).length >= 2) resolve();
    });
  });
  await whileFetching(enough);
  const before = lines.length;
  const closed = once(running, 'close');
  running.kill('SIGINT');
  expect((await closed)[0]).toBe(130);
  expect(lines.length).toBeGreaterThan(before);
  const packets = lines.map((line) => line.packets);
  expect(packets).toEqual(packets.toSorted((a, b) => a - b));
  expect(lines.at(-1)).toMatchObject(ofWeb());
});

test('when the reader of --live -o json ends, the command does', async () => {
  const running = await begin(['web', ...inShop, '--live', '-o', 'json']);
  const exited = once(running, 'exit');
  await whileFetching(once(running.stdout, 'data'));
  running.stdout.destroy();
  expect(await exited).toEqual([0, null]);
});

test('a pod and a file in one command are refused, before anything is captured', async () => {
  const { stdout, stderr, exitCode } = await cli(['summary', 'pod/web', 'file.pcapng', ...inShop]);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toContain('error USAGE: pod/web is no file, and files and pods are not mixed');
});
