import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, test } from 'vitest';
import { run } from '../../scripts/cluster/command.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { captureCommand } from '../../src/captures/stream/podCapture.ts';
import { createCaptureReader } from '../../src/pcapng/index.ts';
import type { Agent } from '../support/agent/agent.ts';
import { bucketServer, uploadedFiles, writeSecret } from '../support/agent/bucket.ts';
import { collectorAddress, startCollector } from '../support/agent/collector.ts';
import { startInContainer } from '../support/agent/containerCommand.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { agentModule, ensureGoTools, go } from '../support/agent/goTools.ts';
import { holds } from '../support/agent/memory.ts';
import { childrenOf } from '../support/agent/processTree.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();
/** The payload of each packet, repeated as often as it fits. */
const secret = 'S3CR3T-0F-TH3-APP~';
/** The source addresses of whole packets, and of packets of all kinds, valid or not. */
const [whole, others] = ['02:cc:cc:cc:cc:cd', '02:cc:cc:cc:cc:ce'];
const filter = `ether src ${whole} or ether src ${others}`;

/** Compiles the program that sends the packets. @returns its path */
async function buildSender(): Promise<string> {
  await ensureGoTools(stderrProgress);
  const path = join(await folder(), 'send');
  const { exitCode, stderr } = await go(['go', 'test', '-c', '-o', path, './internal/filter'], agentModule);
  expect(exitCode, stderr).toBe(0);
  return path;
}

/** Sends the packets into the pod, and writes to a file what must be kept of them. */
async function sendSecrets(sender: string, kept: string): Promise<void> {
  const argv = [...network().enterWorld, sender, '-test.run', '^TestSendSecrets$'];
  const env = {
    PATH: process.env['PATH'],
    PACKET_CAPTURE_TEST_SECRETS_FROM: 'eth0',
    PACKET_CAPTURE_TEST_SECRETS_KEPT: kept,
    PACKET_CAPTURE_TEST_SECRET: secret,
  };
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code, said).toBe(0);
}

/** Reads that file of TestSendSecrets: for each packet its length, its original length, and its bytes. */
function packetsOf(...captures: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const capture of captures) {
    const reader = createCaptureReader('capture');
    for (const record of reader.push(capture)) {
      if (record.type !== 'packet') continue;
      const head = Buffer.alloc(8);
      head.writeUInt32LE(record.data.length, 0);
      head.writeUInt32LE(record.originalLength, 4);
      parts.push(head, Uint8Array.from(record.data));
    }
  }
  return Buffer.concat(parts);
}

/** Starts the live capture of `packet-capture stream` like `kubectl exec`. */
async function startLive(): Promise<{
  readonly pid: () => Promise<number | undefined>;
  readonly end: () => Promise<Buffer>;
  readonly bytes: () => number;
}> {
  const command = captureCommand({ interfaces: 'eth0', snaplen: 'headers', filter });
  const container = { network: network(), captures: await folder(), settings: await folder(), capability: 'net_raw' };
  const child = startInContainer(container, ...command);
  const output: Buffer[] = [];
  const closed = once(child, 'close');
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  await until('the head of the live capture', () => output.length > 0);
  return {
    pid: async () => (await childrenOf(child.pid))[0],
    bytes: () => output.reduce((sum, { length }) => sum + length, 0),
    end: async () => {
      child.stdin.end();
      await closed;
      return Buffer.concat(output);
    },
  };
}

interface Search {
  /** The names of the processes that were searched. */
  readonly seen: Set<string>;
  /** The names of those that contain the secret. */
  readonly found: Set<string>;
}

/** Searches a process, which is stopped meanwhile if it would end soon. */
async function look({ seen, found }: Search, pid: number, stop: boolean): Promise<void> {
  try {
    if (stop) process.kill(pid, 'SIGSTOP');
    const name = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
    if (await holds(pid, secret)) found.add(name);
    seen.add(name);
  } catch {
    // The process has ended.
  } finally {
    if (stop)
      await Promise.resolve()
        .then(() => process.kill(pid, 'SIGCONT'))
        .catch(() => {});
  }
}

/** Searches all processes of the agent and their children, again and again until the test ends. */
async function search(agent: Agent, further: readonly number[], isOver: () => boolean): Promise<Search> {
  const result: Search = { seen: new Set(), found: new Set() };
  const [own = 0] = await agent.processes();
  const last = async (): Promise<void> => {
    for (let again = true; again; await sleep(200)) {
      again = !isOver();
      for (const pid of [own, ...further]) await look(result, pid, false);
    }
  };
  const soon = async (): Promise<void> => {
    for (; !isOver(); await sleep(5)) for (const pid of await childrenOf(own)) await look(result, pid, true);
  };
  await Promise.all([last(), soon()]);
  return result;
}

/** For each kind of whole packets of TestSendSecrets, the bytes that must be kept, and what tshark reads of them. */
const keptOfKinds = [
  '34 0x0800  132',
  '34 0x0800  17',
  '34 0x0800  4',
  '34 0x0800  41',
  '34 0x0800  47',
  '34 0x0800  50',
  '42 0x0800  1      3',
  '42 0x0800  1      8',
  '42 0x0800  17     4789',
  '42 0x0800  17     53',
  '42 0x0800  17     9999',
  '74 0x0800  6    16909060',
  '42 0x0806',
  '78 0x8100 5 6    16909060',
  '62 0x86dd   44 180',
  '62 0x86dd   58      1',
  '62 0x86dd   58      128',
  '70 0x86dd   44 0',
  '86 0x86dd   0    9999',
  '94 0x86dd   6   16909060',
  '118 0x86dd   51  0 16909060',
  '14 0x8847',
  '14 0x8864',
  '70 0x88a8 5  17    9999',
  '14 0x88cc',
];

/** What tshark reads of the headers of the whole packets: fields of each kind, and the stored length. */
async function dissected(file: string): Promise<{ readonly malformed: number; readonly kinds: Set<string> }> {
  const fields = [
    '_ws.malformed',
    'frame.cap_len',
    'eth.type',
    'vlan.id',
    'ip.proto',
    'ipv6.nxt',
    'ipv6.fraghdr.offset',
    'ah.sequence',
    'tcp.options.timestamp.tsval',
    'udp.dstport',
    'icmp.type',
    'icmpv6.type',
  ];
  const { stdout } = await run([
    'tshark',
    '-n',
    '-r',
    file,
    '-Y',
    `eth.src == ${whole}`,
    '-T',
    'fields',
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  const rows = stdout.split('\n').map((line) => line.split('\t'));
  return {
    malformed: rows.filter(([problem]) => problem !== '').length,
    kinds: new Set(rows.map(([, ...values]) => values.join(' ').trim())),
  };
}

const hosts = Array.from({ length: 150 }, (_, i) => `host 10.77.${i}.${(i * 7) % 250}`).join(' or ');

describe('snaplen: headers', () => {
  test('keeps only the headers of 100,000 packets: their payload is in no file, stream, upload, live capture or memory', async () => {
    const [objects, rclone, pushed, kept] = [
      await folder(),
      await folder(),
      await folder(),
      join(await folder(), 'kept'),
    ];
    const sender = await buildSender();
    const server = bucketServer(inject('bucketServer'), network(), objects);
    await server.makeBucket('captures');
    await server.start();
    await writeSecret(rclone);
    const collector = await startCollector(network(), { folder: pushed });
    const settings = {
      filter,
      snaplen: 'headers',
      stream: collectorAddress,
      upload: 's3:captures',
      rotate: '1s',
      'file-count': '50',
      'buffer-size': '32Mi',
    };
    const agent = await start({ settings, secret: rclone });
    await Promise.all([agent.next('started'), agent.next('stream connected')]);
    const live = await startLive();

    let over = false;
    const sent = sendSecrets(sender, kept).finally(() => (over = true));
    const searched = search(agent, [(await live.pid()) ?? 0], () => over);
    await agent.next('uploaded');
    // The compiler runs for a while; the captured packets are the same.
    await agent.set({ filter: `${filter} or ${hosts} or vlan 4000` });
    await agent.next('started');
    await sent;
    const { seen, found } = await searched;
    expect([...seen]).toEqual(expect.arrayContaining(['packet-capture-', 'rclone', 'tcpdump']));
    const rest = await search(agent, [(await live.pid()) ?? 0], () => true);
    expect([...found, ...rest.found]).toEqual([]);

    const captured = await live.end();
    await agent.stop();
    await collector.kill();
    const wanted = await readFile(kept);
    const files = await Promise.all((await agent.files()).map((file) => readFile(file)));
    const uploads = await Promise.all(
      (await uploadedFiles(join(objects, 'captures'))).map(({ path }) => readFile(path)),
    );
    const streams = await Promise.all(collector.ports.map((_, i) => readFile(join(pushed, `${i + 1}.pcapng`))));
    for (const [what, captures] of Object.entries({ files, uploads, streams, live: [captured] })) {
      expect(
        captures.some((bytes) => bytes.includes(secret)),
        what,
      ).toBe(false);
      expect(packetsOf(...captures).equals(wanted), `${what} are as the reference keeps them`).toBe(true);
    }
    const { malformed, kinds } = await dissected((await agent.files())[0] ?? '');
    expect(malformed).toBe(0);
    expect([...kinds].toSorted()).toEqual(keptOfKinds.toSorted());
  });
});
