import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Target } from './target.ts';
import type { Pod } from './traffic.ts';

/** Copies the capture files of a pod into `folder`/NAMESPACE/POD; the paths of the copies, oldest first. */
export async function fetchFiles(target: Target, pod: Pod, folder: string): Promise<string[]> {
  const into = join(folder, pod.namespace, pod.name);
  await mkdir(into, { recursive: true });
  await target.kubectl(['cp', '-n', pod.namespace, '-c', 'packet-capture', `${pod.name}:/captures`, into]);
  const names = (await readdir(into)).filter((name) => name.endsWith('.pcapng')).toSorted();
  return names.map((name) => join(into, name));
}

/** What a capture file says by itself, through Wireshark's own programs. */
export interface CaptureFile {
  readonly path: string;
  readonly bytes: number;
  readonly packets: number;
  /** Such as `eth0 (demo/web-1 node=node0)`. */
  readonly interfaces: readonly string[];
  /** HTTP requests and responses, one a line. */
  readonly http: readonly string[];
}

export async function readCaptureFile(path: string): Promise<CaptureFile> {
  const fields = await tshark(path, [
    '-T',
    'fields',
    '-e',
    'frame.interface_name',
    '-e',
    'frame.interface_description',
  ]);
  const http = await tshark(path, [
    '-Y',
    'http',
    '-T',
    'fields',
    '-e',
    '_ws.col.Source',
    '-e',
    '_ws.col.Destination',
    '-e',
    '_ws.col.Info',
  ]);
  const { size } = await stat(path);
  return {
    path,
    bytes: size,
    packets: fields.length,
    interfaces: [...new Set(fields)].map((line) => line.replace('\t', ' (').concat(')')),
    http: http.map((line) => line.replaceAll('\t', ' ')),
  };
}

async function tshark(path: string, args: readonly string[]): Promise<string[]> {
  // As root it warns about that on stderr, with every call.
  const { stdout } = await execa('tshark', ['-r', path, ...args], { stderr: 'pipe' });
  return stdout.split('\n').filter((line) => line !== '');
}
