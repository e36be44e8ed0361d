import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { run } from '../../../scripts/cluster/command.ts';
import { until } from './until.ts';

/**
 * Receives the mirror of a pod in another network namespace, by a VXLAN interface of the kernel's and a dumpcap on it,
 * into `file`.
 * @returns what ends both
 */
export async function receiveVxlan(
  enter: readonly string[],
  { file, port, vni, local = '0.0.0.0' }: { file: string; port: number; vni: number; local?: string | undefined },
): Promise<() => Promise<void>> {
  const name = `vx${vni}`;
  await run([
    ...enter,
    'ip',
    'link',
    'add',
    name,
    'type',
    'vxlan',
    'id',
    String(vni),
    'dstport',
    String(port),
    'local',
    local,
    'nolearning',
  ]);
  await run([...enter, 'ip', 'link', 'set', name, 'up']);
  const end = await captureOn(enter, { name, file });
  return async () => {
    await end();
    await run([...enter, 'ip', 'link', 'delete', name]);
  };
}

/** Captures on an interface. @returns what ends it; it fails where packets reached the interface and not the file */
export async function captureOn(
  enter: readonly string[],
  { name, file }: { name: string; file: string },
): Promise<() => Promise<void>> {
  // More than any test sends: it is not the collector that is tested.
  const argv = ['--pdeathsig', 'KILL', ...enter, 'dumpcap', '-q', '-B', '32', '-i', name, '-w', file];
  const dumpcap = spawn('setpriv', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(dumpcap, 'exit');
  for await (const line of createInterface(dumpcap.stderr)) if (line.startsWith('File: ')) break;
  let said = '';
  dumpcap.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  return async () => {
    // Packets reach dumpcap up to a quarter of a second late; when it sleeps then, it has written all of them.
    await sleep(400);
    await until('dumpcap without work', async () => sleeps(dumpcap.pid));
    dumpcap.kill('SIGINT');
    await exited;
    expect(said).toMatch(/^Packets received\/dropped on interface '.*': \d+\/0 /m);
  };
}

/** Whether all threads of a process wait for something. */
async function sleeps(pid: number | undefined): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, 'utf8')));
  return states.every((state) => /^State:\tS/m.test(state));
}

/** The frames of a capture file for which a display filter holds, as tshark reads them, in hexadecimal and sorted. */
export async function framesOf(file: string, display: string): Promise<string[]> {
  const { stdout } = await run(['tshark', '-n', '-r', file, '-Y', display, '-T', 'jsonraw', '-J', 'frame']);
  const packets = JSON.parse(stdout) as { _source: { layers: { frame_raw: [string] } } }[];
  return packets.map(({ _source: { layers } }) => withoutChecksum(layers.frame_raw[0])).toSorted();
}

/**
 * A frame of TCP or UDP over IPv4 with zeros for its checksum: the kernel leaves that to the network card, so a capture
 * in the pod has half of it. A copy that was cut into fragments has all of it.
 */
function withoutChecksum(frame: string): string {
  const [tcp, udp] = [2 * (14 + 20 + 16), 2 * (14 + 20 + 6)];
  const at = frame.slice(24, 28) === '0800' ? { '06': tcp, '11': udp }[frame.slice(46, 48)] : undefined;
  return at === undefined ? frame : `${frame.slice(0, at)}0000${frame.slice(at + 4)}`;
}
