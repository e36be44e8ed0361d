import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { clusterEnvironment } from '../../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../../scripts/cluster/machine.ts';
import { sendDatagrams } from '../../cluster/clusterFixture.ts';

const node = inject('node');

/** Starts a program where it can reach the node; its standard error is read too. */
export async function begin(argv: readonly string[]) {
  const [program = '', ...args] = inNetns(node.netns, argv);
  const env = { ...process.env, ...(await clusterEnvironment(node)) };
  return spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** What was seen of a program that writes a capture to its standard output. */
export interface Seen {
  /** From its start to its first packet; undefined when there was none. */
  readonly seconds: number | undefined;
  /** Whether its output began as a capture file does. */
  readonly whole: boolean;
  readonly stderr: string;
}

/**
 * Starts a program, sends datagrams to `address`, and ends the program after its first packet.
 * @param begun when what is measured has begun
 */
export async function firstPacket(
  argv: readonly string[],
  address: string,
  { withinSeconds = 20, begun = performance.now() } = {},
): Promise<Seen> {
  const over = new AbortController();
  const sending = (async () => {
    while (!over.signal.aborted) await sendDatagrams(address, 9999, 40, 20);
  })();
  const child = await begin(argv);
  const exited = once(child, 'exit');
  child.stdin.on('error', () => undefined);
  let [bytes, stderr]: [Buffer, string] = [Buffer.alloc(0), ''];
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const first = (async () => {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes = Buffer.concat([bytes, chunk]);
      if (hasPacket(bytes)) return (performance.now() - begun) / 1000;
    }
    return undefined;
  })();
  const seconds = await Promise.race([first, sleep(withinSeconds * 1000, undefined)]);
  child.kill('SIGINT');
  over.abort();
  await Promise.all([exited, sending]);
  return { seconds, whole: magics.includes(magicOf(bytes)), stderr };
}

/** Of a pcapng, and of a pcap with microseconds or nanoseconds. */
const magics = [0x0a0d0d0a, 0xa1b2c3d4, 0xa1b23c4d];
const [pcapHeader, pcapRecord] = [24, 16];
const longestPacket = 262_144;

function magicOf(bytes: Buffer): number {
  return bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
}

/**
 * Whether a capture, which may end anywhere, has a packet: a pcapng an enhanced packet block (type 6), a pcap a record
 * of this minute, also without its header.
 */
function hasPacket(bytes: Buffer): boolean {
  const magic = magicOf(bytes);
  if (magic !== 0x0a0d0d0a) {
    const at = magics.includes(magic) ? pcapHeader : 0;
    if (bytes.length < at + pcapRecord) return false;
    const [seconds, length] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 8)];
    return Math.abs(seconds - Date.now() / 1000) < 60 && length > 0 && length < longestPacket;
  }
  for (let at = 0; at + 8 <= bytes.length; at += Math.max(12, bytes.readUInt32LE(at + 4)))
    if (bytes.readUInt32LE(at) === 6) return true;
  return false;
}

/** The middle of an odd number of values, or between the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return (at(Math.ceil(sorted.length / 2) - 1) + at(Math.floor(sorted.length / 2))) / 2;
}
