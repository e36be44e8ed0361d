import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { run } from '../../scripts/cluster/command.ts';
import type { Network } from './network.ts';

/** A connection from the pod to the world's `host` through which as many bytes go in either direction, as fast as it goes. */
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

/** What each side said in each of a file's two TCP connections, as tshark puts their segments together. */
export async function tcpStreams(file: string): Promise<string[]> {
  const streams = await Promise.all(
    [0, 1].map(async (stream) => {
      const { stdout } = await run(['tshark', '-n', '-r', file, '-q', '-z', `follow,tcp,raw,${stream}`]);
      const lines = stdout.split('\n').filter((line) => /^\t?[0-9a-f]+$/.test(line));
      return [lines.filter((line) => !line.startsWith('\t')), lines.filter((line) => line.startsWith('\t'))];
    }),
  );
  return streams.flat().map((side) => side.map((line) => line.trim()).join(''));
}
