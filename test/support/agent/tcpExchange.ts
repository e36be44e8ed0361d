import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { run } from '../../../scripts/cluster/command.ts';
import { tshark } from './captureFile.ts';
import type { Network } from './network.ts';

/**
 * A connection from the pod to the world's `host` through which as many bytes go in either direction, as fast as it
 * goes.
 */
export async function exchangeTcp(network: Network, { host, bytes }: { host: string; bytes: number }): Promise<void> {
  const server = `const net = require('node:net'); const s = net.createServer({ allowHalfOpen: true }, (c) => { c.resume(); c.end(Buffer.alloc(${bytes}, 'down')); c.on('close', () => s.close()); }); s.listen(8080, '${host}', () => console.log('ready'));`;
  const [enter = '', ...rest] = network.enterWorld;
  const listening = spawn(enter, [...rest, process.execPath, '-e', server], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(listening, 'exit');
  await once(listening.stdout, 'data');
  const client = `const c = require('node:net').connect({ host: '${host}', port: 8080, allowHalfOpen: true }); c.resume(); c.end(Buffer.alloc(${bytes}, 'up'));`;
  await run([...network.enterPod, process.execPath, '-e', client]);
  await ended;
}

interface Side {
  readonly bytes: number;
  readonly missing: number;
  readonly sha256: string;
}

/**
 * What each side of a file's TCP connections said, put together by the sequence numbers: copies of what goes out and of
 * what comes in may pass each other on machines with several processors, and tshark itself takes for missing what is
 * acknowledged before it is seen.
 */
export async function tcpStreams(file: string): Promise<Side[]> {
  const rows = await tshark(file, 'tcp.stream', 'tcp.srcport', 'tcp.flags.syn', 'tcp.seq_raw', 'tcp.payload');
  const sideOf = (stream = '', port = ''): string => `${stream} ${port === '8080' ? 'server' : 'client'}`;
  const starts = new Map(
    rows
      .filter(([, , syn]) => syn === '1' || syn === 'True')
      .map(([stream, port, , sequence]) => [sideOf(stream, port), Number(sequence) + 1]),
  );
  const segments = new Map([...starts.keys()].toSorted().map((side) => [side, new Map<number, Buffer>()]));
  for (const [stream, port, , sequence, payload = ''] of rows) {
    if (payload === '') continue;
    const side = sideOf(stream, port);
    const [at, bytes] = [Number(sequence) - (starts.get(side) ?? 0), Buffer.from(payload, 'hex')];
    // A part of what was sent may be sent again.
    if ((segments.get(side)?.get(at)?.length ?? 0) < bytes.length) segments.get(side)?.set(at, bytes);
  }
  return [...segments.values()].map((side) => {
    let [bytes, missing] = [0, 0];
    const digest = createHash('sha256');
    for (const [at, payload] of [...side].toSorted(([a], [b]) => a - b)) {
      missing += Math.max(0, at - bytes);
      digest.update(payload.subarray(Math.max(0, bytes - at)));
      bytes = Math.max(bytes, at + payload.length);
    }
    return { bytes, missing, sha256: digest.digest('hex') };
  });
}
