import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { captureOf, createConnection, dnsOverUdp, resets, retransmissions } from '../support/summary/captures.ts';
import { trafficFile } from '../support/summary/traffic.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-summary-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

async function summary(
  ...args: string[]
): Promise<{ stdout?: unknown; stderr?: unknown; exitCode?: number | undefined }> {
  return execa(process.execPath, ['bin/packet-capture.js', 'summary', ...args], { reject: false });
}

const several = captureOf([...retransmissions(), ...resets(), ...dnsOverUdp()]);

test('the table has a part for each protocol, and fits 120 columns', async () => {
  const busy = await file('busy.pcapng', Buffer.concat([...trafficFile({ bytes: 2e6 }), several]));
  const { stdout, exitCode } = await summary(busy);
  expect(exitCode).toBe(0);
  const lines = String(stdout).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  expect(lines.filter((line) => /^[A-Z ]+$/.test(line))).toEqual(
    expect.arrayContaining(['CAPTURE', 'TCP', 'CONVERSATIONS', 'TOP TALKERS', 'TROUBLE', 'DNS', 'HTTP']),
  );
  expect(String(stdout)).toMatch(/refused 1/);
  // Ten rows of each list.
  expect(lines.filter((line) => line.startsWith('tcp  '))).toHaveLength(10);
});

test('JSON of a file, of the same packed by gzip, and of standard input is the same, with all rows', async () => {
  const plain = await file('some.pcapng', several);
  const packed = await file('some.pcapng.gz', gzipSync(several));
  const { stdout } = await summary(plain, '-o', 'json');
  expect(JSON.parse(String(stdout))).toMatchObject({ schema: 1, dns: { queries: 10 }, tcp: { connections: 4 } });
  expect((await summary(packed, '-o', 'json')).stdout).toBe(stdout);
  const piped = await execa(process.execPath, ['bin/packet-capture.js', 'summary', '-', '-o', 'json'], {
    input: several,
  });
  expect(piped.stdout).toBe(stdout);
});

test('Markdown has tables, and names of others make no links in it', async () => {
  const { frames, send, open } = createConnection();
  open();
  send('client', { data: Buffer.from('GET / HTTP/1.1\r\n\r\n') });
  send('server', { data: Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n') });
  const { stdout } = await summary(await file('http.pcapng', captureOf(frames)), '-o', 'markdown');
  expect(String(stdout)).toContain('| tcp | 10.1.0.5:40000 | 10.2.0.7:80 |');
  expect(String(stdout)).toContain('- 1 response: 200 1');
});

test('--top is the number of rows', async () => {
  const { stdout } = await summary(await file('top.pcapng', several), '-o', 'json', '--top', '1');
  const { conversations, talkers } = JSON.parse(String(stdout)) as {
    conversations: { list: unknown[]; others: { conversations: number } };
    talkers: unknown[];
  };
  expect([conversations.list.length, conversations.others.conversations, talkers.length]).toEqual([1, 11, 1]);
});

test('what is good of a damaged file is reported, then the error with its place', async () => {
  const damaged = Buffer.concat([several, Buffer.from('no block at all')]);
  const { stdout, stderr, exitCode } = await summary(await file('damaged.pcapng', damaged));
  expect(exitCode).toBe(1);
  expect(String(stdout)).toContain('4 connections');
  expect(String(stderr)).toContain('error CAPTURE_INVALID');
  expect(String(stderr)).toContain(`damaged.pcapng, byte ${several.length}`);
});

test('a file that ends within a packet is counted as far as it is whole, with a warning', async () => {
  const { stdout, stderr, exitCode } = await summary(await file('cut.pcapng', several.subarray(0, -3)));
  expect(exitCode).toBe(0);
  expect(String(stderr)).toContain('cut.pcapng ends in the middle of a packet');
  expect(String(stdout)).toContain('4 connections');
});

test('a file that cannot be read does not hide the others, and each error is printed', async () => {
  const whole = await file('whole.pcapng', several);
  const cut = await file('cut.pcapng.gz', gzipSync(several).subarray(0, -20));
  const missing = join(folder, 'missing.pcapng');
  const { stdout, stderr, exitCode } = await summary(cut, missing, whole, '-o', 'json');
  expect(exitCode).toBe(2);
  expect(JSON.parse(String(stdout))).toMatchObject({ tcp: { connections: 4 } });
  expect(String(stderr)).toMatch(
    /error CAPTURE_INVALID: what gzip packed: unexpected end of file\n +at .*cut.pcapng.gz\n/,
  );
  expect(String(stderr)).toMatch(/error FILE_UNREADABLE: ENOENT/);
});

/** A kubectl with one pod, whose capture is these bytes, and which then goes on in silence. */
async function kubectl(bytes: Uint8Array): Promise<string> {
  const capture = await file('pod.pcapng', bytes);
  const list = await file(
    'list',
    Buffer.from(
      JSON.stringify({
        kind: 'List',
        items: [
          {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: { name: 'web-1', namespace: 'shop', uid: 'web-1' },
            spec: { initContainers: [{ name: 'packet-capture' }] },
            status: { phase: 'Running', initContainerStatuses: [{ name: 'packet-capture', state: { running: {} } }] },
          },
        ],
      }),
    ),
  );
  const path = await file(
    'kubectl',
    Buffer.from(`#!/bin/sh
case " $* " in
  *' get --raw '*) cat ${list} ;;
  *' exec web-1 '*) cat ${capture}; exec cat > /dev/null ;;
esac
`),
  );
  await chmod(path, 0o755);
  return path;
}

test('pods are counted live for --duration, with the name of the interface, then the result is printed', async () => {
  const { stdout, stderr, exitCode } = await execa(
    process.execPath,
    ['bin/packet-capture.js', 'summary', '-l', 'app=web', '-n', 'shop', '--duration', '5s', '-o', 'json'],
    { reject: false, env: { KUBECTL: await kubectl(several) } },
  );
  expect(stderr).toContain('shop/web-1: joined');
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ tcp: { connections: 4 }, dns: { queries: 10 } });
});

test('Ctrl-C ends the live count, and what was counted is printed', async () => {
  const running = execa(process.execPath, ['bin/packet-capture.js', 'summary', '-n', 'shop', '-l', 'a'], {
    reject: false,
    env: { KUBECTL: await kubectl(several) },
  });
  running.stderr.on('data', (text: Buffer) => {
    if (text.toString().includes('joined')) setTimeout(() => running.kill('SIGINT'), 2000);
  });
  const { stdout, exitCode, stderr } = await running;
  expect([exitCode, stderr]).toEqual([130, expect.stringContaining('1 capture')]);
  expect(stdout).toContain('4 connections');
});

test('--live into a pipe prints the table once, at the end, and says so', async () => {
  const { stdout, stderr, exitCode } = await summary(await file('live.pcapng', several), '--live');
  expect([exitCode, String(stdout).match(/^CAPTURE$/gm)]).toEqual([0, ['CAPTURE']]);
  expect(stderr).toContain('the table follows at the end');
});

test('--live -o json prints a line with all that was counted so far, and a last one', async () => {
  const running = execa(process.execPath, ['bin/packet-capture.js', 'summary', '-', '--live', '-o', 'json'], {
    lines: true,
  });
  const half = captureOf(retransmissions());
  running.stdin.write(half);
  const lines: string[] = [];
  for await (const line of running) {
    lines.push(line);
    // The second half comes when the first one was shown.
    if (lines.length === 1) running.stdin.end(several);
  }
  const connections = lines.map((line) => (JSON.parse(line) as { tcp: { connections: number } }).tcp.connections);
  expect([connections[0], connections.at(-1)]).toEqual([1, 4]);
});

test('whoever reads --live -o json may end it', async () => {
  const running = execa(process.execPath, ['bin/packet-capture.js', 'summary', '-', '--live', '-o', 'json'], {
    reject: false,
  });
  running.stdin.write(several);
  running.stdout.once('data', () => running.stdout.destroy());
  expect((await running).exitCode).toBe(0);
});

test('--map draws into a new file, and replaces one only with --force', async () => {
  const path = await file('map.pcapng', several);
  const map = join(folder, 'map.svg');
  expect((await summary(path, '--map', map)).exitCode).toBe(0);
  const drawn = await readFile(map, 'utf8');
  expect(drawn).toMatch(/^<svg .*>10\.1\.0\.5</s);
  const again = await summary(path, '--map', map);
  expect([again.exitCode, again.stdout]).toEqual([1, '']);
  expect(again.stderr).toContain('error FILE_EXISTS');
  expect((await summary(path, '--map', map, '--force')).exitCode).toBe(0);
  expect(await readFile(map, 'utf8')).toBe(drawn);
});

test.each([
  ['--live as Markdown', ['a.pcapng', '--live', '-o', 'markdown'], 'USAGE', 2],
  ['a workload and a file', ['deploy/web', 'package.json'], 'USAGE: deploy/web is no file, and files and pods', 2],
  ['a file and a pod', ['missing.pcapng', 'web-1'], 'USAGE: web-1 is no file, and files and pods are not mixed', 2],
  ['two workloads', ['deploy/web', 'deploy/api'], 'USAGE: deploy/web is no file, and pods are counted for one', 2],
  ['labels and a file', ['-l', 'app=web', 'a.pcapng'], 'USAGE: -l selects pods, and a.pcapng is named, too', 2],
  ['a path without a file', ['captures/shop/web-1/gone'], 'FILE_UNREADABLE', 2],
  ['a flag for pods with a file', ['a.pcapng', '--duration', '3s'], 'USAGE', 2],
  ['nothing', [], 'USAGE', 2],
  ['no file at all', ['missing.pcapng'], 'FILE_UNREADABLE', 2],
  ['a text', ['package.json'], 'CAPTURE_INVALID', 1],
  ['an empty file', ['/dev/null'], 'CAPTURE_INVALID: it is empty', 1],
  ['a folder', ['docs'], 'FILE_UNREADABLE: it is a folder', 2],
  ['a number of rows that is none', ['-', '--top', '0'], 'USAGE', 2],
  ['standard input twice', ['-', '-'], 'USAGE', 2],
])('%s is refused', async (_, args, code, exit) => {
  const { stdout, stderr, exitCode } = await summary(...args);
  expect([exitCode, stdout]).toEqual([exit, '']);
  expect(String(stderr)).toContain(`error ${code}`);
});
