import { run } from '../../../scripts/cluster/command.ts';

/** How many packets a capture file holds, as capinfos counts them. */
export async function countPackets(file: string): Promise<number> {
  // Exit code 1: the file ends in the middle of a packet; what is before that counts.
  const { stdout } = await run(['capinfos', '-T', '-r', '-M', '-c', file], { exitCodes: [0, 1] });
  return Number(stdout.trim().split('\t').at(-1));
}

/** The interfaces of a capture file and its packets' UDP ports, as tshark reads them. */
export async function tshark(file: string, ...fields: string[]): Promise<string[][]> {
  const { stdout } = await run([
    'tshark',
    '-n',
    '-r',
    file,
    '-T',
    'fields',
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  return stdout === '' ? [] : stdout.split('\n').map((line) => line.split('\t'));
}

/** The numbers with which the packets of a network's `send` begin, in the order of the file. */
export async function packetNumbers(file: string): Promise<number[]> {
  // The end of a file may be missing: exit code 2.
  const argv = ['tshark', '-n', '-r', file, '-Y', 'udp.dstport == 9999', '-T', 'fields', '-e', 'udp.payload'];
  const { stdout } = await run(argv, { exitCodes: [0, 2] });
  return stdout.trim() === ''
    ? []
    : stdout
        .trim()
        .split('\n')
        .map((payload) => Number.parseInt(payload.replaceAll(':', '').slice(0, 8), 16));
}

/** Writes the packets of several capture files to one, in order of their times. @returns its path */
export async function mergeFiles(files: readonly string[], target: string): Promise<string> {
  await run(['mergecap', '-w', target, ...files]);
  return target;
}
