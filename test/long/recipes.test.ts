import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import type { Agent } from '../support/agent/agent.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { mirrorProgram } from '../support/agent/mirrorFixture.ts';
import { agentRootfs } from '../support/agent/rootfs.ts';
import { until } from '../support/agent/until.ts';
import { makeReaders, type Readers } from '../support/recipes/readersRoot.ts';
import { commandBlocks } from '../support/site/commandBlocks.ts';

const { folder, network, start } = useAgents();
const document = join(import.meta.dirname, '../../docs/recipes.md');
const rules = 'alert http any any -> any any (msg:"missing"; http.uri; content:"/missing"; sid:1000001; rev:1;)\n';
const [asked, missing] = [12, 4];
/** In the file system of the readers. */
const work = '/recipe';
let root = '';
let readers: Readers;
let blocks: readonly string[] = [];
let children: ChildProcess[] = [];

beforeAll(async () => {
  root = await agentRootfs(stderrProgress);
  readers = await makeReaders();
  blocks = commandBlocks(await readFile(document, 'utf8')).map(({ text }) => text);
}, 1_800_000);

afterAll(async () => {
  await readers.remove();
});

beforeEach(async () => {
  await rm(join(readers.root, work), { recursive: true, force: true });
  await mkdir(join(readers.root, work, 'out'), { recursive: true });
  await writeFile(join(readers.root, work, 'rules.rules'), rules);
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
});

/** The block of the page that has this text. */
function recipe(text: string): string {
  const found = blocks.filter((block) => block.includes(text));
  expect(found, `blocks of docs/recipes.md with ${text}`).toHaveLength(1);
  return found[0] ?? '';
}

/** Starts a recipe on the collector's side of the network. */
function begin(script: string): { readonly child: ChildProcess; readonly ended: Promise<unknown> } {
  const [program, ...args] = [...network().enterWorld, ...readers.inside(work), 'sh', '-euc', script];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  return { child, ended: once(child, 'exit') };
}

/** The pod's app is a server of HTTP, of which the world asks for pages, and for some that are not there. */
async function askPages(): Promise<void> {
  const serve = `require('node:http').createServer((request, response) => {
    response.writeHead(request.url === '/missing' ? 404 : 200).end('page of ' + request.url);
  }).listen(80, '10.99.0.2', () => console.log('ready'))`;
  const [program, ...args] = [...network().enterPod, process.execPath, '-e', serve];
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(server);
  await once(server.stdout, 'data');
  const ask = `for (let n = 0; n < ${asked}; n += 1) await (await fetch('http://10.99.0.2/' + (n < ${missing} ? 'missing' : 'page' + n))).text()`;
  await run([...network().enterWorld, process.execPath, '--input-type=module', '-e', ask]);
}

async function capture(settings: Readonly<Record<string, string>>): Promise<Agent> {
  const agent = await start({ root, settings: { filter: 'tcp port 80', ...settings } });
  await agent.next('started');
  return agent;
}

/** What Suricata has found. */
async function events(): Promise<{ readonly alerts: number; readonly requests: number }> {
  const lines = (await readFile(join(readers.root, work, 'out/eve.json'), 'utf8')).trimEnd().split('\n');
  const kinds = lines.map((line) => (JSON.parse(line) as { readonly event_type: string }).event_type);
  const count = (wanted: string): number => kinds.filter((kind) => kind === wanted).length;
  return { alerts: count('alert'), requests: count('http') };
}

/** What tcpflow wrote of connections: all texts of the app. */
async function flows(): Promise<string> {
  const path = join(readers.root, work, 'flows');
  const names = (await readdir(path)).filter((name) => name !== 'report.xml');
  return (await Promise.all(names.map((name) => readFile(join(path, name), 'latin1')))).join('\n');
}

describe('files of a capture', () => {
  beforeEach(async () => {
    const agent = await capture({});
    await askPages();
    await agent.stop();
    const [file = ''] = await agent.files();
    await copyFile(file, join(readers.root, work, 'web.pcapng'));
  });

  test('Suricata finds every request, and alerts of those that its rule names', async () => {
    await begin(recipe('suricata -S rules.rules -l out -k none -r web.pcapng')).ended;
    expect(await events()).toEqual({ alerts: missing, requests: asked });
  });

  test('tcpflow writes what each connection has sent', async () => {
    await begin(recipe('tcpflow -o flows -r web.pcapng')).ended;
    expect((await flows()).match(/page of \/page\d+/g)).toHaveLength(asked - missing);
  });
});

describe('a stream to a collector', () => {
  /** Runs a recipe while the pod's app is asked for pages and the agent pushes them to it. */
  async function push(text: string): Promise<void> {
    const { ended } = begin(recipe(text));
    const agent = await capture({ stream: '10.99.0.1:57012' });
    await agent.next('stream connected');
    await askPages();
    await agent.stop();
    await ended;
  }

  test('Suricata reads it while it comes', async () => {
    await push('suricata -S rules.rules -l out -k none -r /dev/stdin');
    expect(await events()).toEqual({ alerts: missing, requests: asked });
  });

  test('tcpflow reads it while it comes', async () => {
    await push('| tcpflow -o flows -r -');
    expect((await flows()).match(/page of \/page\d+/g)).toHaveLength(asked - missing);
  });
});

test('Suricata listens on the device of a mirror', async () => {
  const lines = recipe('mirror0 type vxlan').trimEnd().split('\n');
  for (const line of lines.filter((one) => one.startsWith('ip ')))
    await run([...network().enterWorld, ...line.split(' ')]);
  const { child, ended } = begin(`exec ${lines.find((line) => line.startsWith('suricata')) ?? ''}`);
  const log = join(readers.root, work, 'out/suricata.log');
  await until(
    'a Suricata that listens',
    async () => (await readFile(log, 'utf8').catch(() => '')).includes('Engine started'),
    { milliseconds: 120_000 },
  );
  const [captures, volume] = [await folder(), await folder()];
  const settings = { filter: 'tcp port 80', mirror: 'vxlan://10.99.0.1?vni=42' };
  const agent = await start({ root, captures, volume, settings });
  const mirror = await start({ root, captures, volume, settings, ...mirrorProgram });
  await agent.next('started');
  await mirror.next('mirror started');
  await askPages();
  await until('events of all requests', async () => (await events().catch(() => undefined))?.requests === asked, {
    milliseconds: 120_000,
  });
  child.kill('SIGINT');
  await ended;
  expect(await events()).toEqual({ alerts: missing, requests: asked });
  await mirror.stop();
  await agent.stop();
  await run([...network().enterWorld, 'ip', 'link', 'delete', 'mirror0']);
});
