import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { capturePackages, ensurePackages } from '../../scripts/cluster/requirements.ts';
import { createLiveMerge } from '../../src/pcapng/index.ts';
import { formatTime } from '../../src/time.ts';
import { patienceMs } from '../support/patience.ts';
import {
  block,
  interfaceBlock,
  optionBytes,
  packetBlock,
  pad,
  pcapHeader,
  pcapPacket,
  sectionBlock,
  udpFrame,
} from '../support/pcapng/captureBytes.ts';
import { cutBytes, merged, sourceOf } from '../support/pcapng/captureFiles.ts';

let folder = '';

beforeAll(async () => {
  await ensurePackages(capturePackages, stderrProgress);
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-pcapng-'));
}, 300_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

const fields = [
  'frame.time_epoch',
  'frame.interface_id',
  'frame.interface_name',
  'frame.interface_description',
  'frame.len',
  'frame.cap_len',
  'frame.encap_type',
  'frame.comment',
  'frame.packet_flags',
  'udp.payload',
];

/** What tshark prints for each packet, including its bytes. It must print no warning. */
async function seenByTshark(path: string): Promise<string[]> {
  const { stdout, stderr } = await execa('tshark', [
    '-n',
    '-r',
    path,
    '-T',
    'fields',
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  expect(stderr.replace(/^Running as user "root".*$/m, '').trim()).toBe('');
  const { stdout: dump } = await execa('tshark', ['-n', '-r', path, '-x']);
  return [...stdout.split('\n'), ...dump.split('\n')];
}

async function capinfos(path: string): Promise<string[]> {
  const { stdout } = await execa('capinfos', ['-T', '-r', '-M', '-c', '-d', '-a', '-e', '-l', '-I', path]);
  return stdout.split('\t').slice(1);
}

const second = 1_700_000_000;

/**
 * Files of every kind that can be merged, with packets at these milliseconds. Between files no time is the same:
 * mergecap keeps no order then.
 */
function variedFiles(times: readonly (readonly number[])[]): Uint8Array[] {
  const [nano = [], micro = [], classic = [], classicMicro = []] = times;
  const nanoseconds = (ms: number): bigint => BigInt(second) * 1_000_000_000n + BigInt(ms) * 1_000_000n + 123n;
  const little = [
    sectionBlock(true, [{ code: 4, value: 'dumpcap' }]),
    interfaceBlock(true, 1, 262_144, [
      { code: 2, value: 'eth0' },
      { code: 3, value: 'shop/web-1 node=a' },
      { code: 9, value: Uint8Array.of(9) },
      { code: 11, value: '\0udp port 40000' },
    ]),
    interfaceBlock(true, 1, 60, [
      { code: 2, value: 'net1' },
      { code: 9, value: Uint8Array.of(9) },
    ]),
    ...nano.map((ms, index) =>
      packetBlock(
        true,
        index % 2,
        nanoseconds(ms),
        udpFrame(`nano ${index}`),
        undefined,
        index % 3 === 0
          ? [
              { code: 1, value: `packet ${index}` },
              { code: 2, value: [[4, 1n]] },
            ]
          : [],
      ),
    ),
    block(true, 5, [4, 0], [4, 0], [4, 0], optionBytes(true, [{ code: 4, value: [[8, 17n]] }])),
  ];
  const big = [
    sectionBlock(false),
    interfaceBlock(false, 1, 0, [
      { code: 2, value: 'ens3' },
      { code: 14, value: [[8, 3600n]] },
    ]),
    block(false, 4, optionBytes(false, [{ code: 1, value: Uint8Array.of(10, 0, 0, 1, 97, 46, 98, 0) }])),
    block(false, 10, [4, 0x544c_534b], [4, 5], pad(new TextEncoder().encode('# key'))),
    ...micro.map((ms, index) =>
      packetBlock(
        false,
        0,
        BigInt(second - 3600) * 1_000_000n + BigInt(ms) * 1000n,
        udpFrame(`micro ${index}`),
        100 + index,
      ),
    ),
    block(false, 2, [2, 0], [2, 3], [4, 0], [4, 5], [4, 42], [4, 42], pad(udpFrame(''))),
  ];
  const pcap = [
    pcapHeader(true, 0xa1b23c4d),
    ...classic.map((ms, index) => pcapPacket(true, second, ms * 1_000_000 + 7, udpFrame(`classic ${index}`))),
  ];
  const bigPcap = [
    pcapHeader(false, 0xa1b2c3d4, 101),
    ...classicMicro.map((ms, index) =>
      pcapPacket(false, second, ms * 1000 + 1, udpFrame(`raw ${index}`).subarray(14), 200),
    ),
  ];
  return [little, big, pcap, bigPcap].map((parts) => Buffer.concat(parts));
}

test('a merge has the same packets, times and interfaces as one of mergecap, and tshark reads it without a warning', async () => {
  const times = fc
    .array(fc.nat({ max: 999 }), { minLength: 40, maxLength: 40 })
    .map((list) => list.toSorted((a, b) => a - b));
  const [each = []] = fc.sample(fc.array(times, { minLength: 4, maxLength: 4 }), { numRuns: 1, seed: 6 });
  const files = variedFiles(each);
  const paths = await Promise.all(files.map((bytes, index) => file(`input-${index}`, bytes)));
  await execa('mergecap', ['-I', 'none', '-F', 'pcapng', '-w', join(folder, 'mergecap.pcapng'), ...paths]);
  const ours = await file('ours.pcapng', await merged(files.map((bytes) => sourceOf(bytes))));
  const expected = await seenByTshark(join(folder, 'mergecap.pcapng'));
  expect(expected.length).toBeGreaterThan(160);
  expect(await seenByTshark(ours)).toEqual(expected);
  expect(await capinfos(ours)).toEqual(await capinfos(join(folder, 'mergecap.pcapng')));
});

test('a cut to a window has the same packets as editcap -A -B, for every kind of file', async () => {
  const times = Array.from({ length: 40 }, (_, index) => index * 25);
  const packetAt = (ms: number): bigint => BigInt(second) * 1_000_000_000n + BigInt(ms) * 1_000_000n;
  // The packets of the first file are 123 ns behind the millisecond, of the third 7 ns.
  const windows = [
    { from: packetAt(100), to: packetAt(900) },
    { from: packetAt(100) + 123n, to: packetAt(900) + 123n },
    { from: packetAt(100) + 124n, to: packetAt(900) + 124n },
    { from: packetAt(100) + 7n, to: packetAt(100) + 8n },
  ];
  let compared = 0;
  for (const [index, bytes] of variedFiles([times, times, times, times]).entries()) {
    const path = await file(`whole-${index}`, bytes);
    for (const [number, window] of windows.slice(0, index === 0 ? 4 : 1).entries()) {
      const judged = join(folder, `editcap-${index}-${number}`);
      // The input's format, so that no header changes.
      const format = bytes[0] === 0x0a ? 'pcapng' : bytes[1] === 0x3c || bytes[2] === 0x3c ? 'nsecpcap' : 'pcap';
      await execa('editcap', ['-F', format, '-A', formatTime(window.from), '-B', formatTime(window.to), path, judged]);
      const ours = await file(`cut-${index}-${number}`, cutBytes([bytes], window).out);
      const [expected = [], seen] = await Promise.all([judged, ours].map(seenByTshark));
      expect(seen, `file ${index}, window ${number}`).toEqual(expected);
      compared += expected.length;
    }
  }
  expect(compared).toBeGreaterThan(500);
});

test('a merge keeps all complete packets of a file that ends within a packet, and tshark reads it without a warning', async () => {
  const [whole = new Uint8Array(0)] = variedFiles([[1, 2, 3, 4], [], [], []]);
  const cut = whole.subarray(0, whole.length - 60);
  const tshark = await execa('tshark', ['-r', await file('cut.pcapng', cut)], { reject: false });
  expect(tshark.stderr).toContain('cut short in the middle of a packet');
  const told: number[] = [];
  const ours = await file(
    'mended.pcapng',
    await merged([sourceOf(cut)], { onTruncated: (_, bytesLeft) => told.push(bytesLeft) }),
  );
  expect((await seenByTshark(ours)).filter((line) => line.startsWith(`${second}`))).toHaveLength(3);
  expect(told).toEqual([84]);
});

test('tshark reads a live merge from a pipe while it grows, with interfaces that are added later', async () => {
  const merge = createLiveMerge({ application: 'packet-capture', windowMs: 200, mostBytes: 1_000_000 });
  const pods = ['shop/web-1:eth0', 'shop/web-2:eth0', 'shop/db-0:eth0'];
  const pieces = [merge.take(0)];
  for (const [index, name] of pods.entries()) {
    const source = merge.add(name, () => ({ name, description: 'node=a' }));
    source.push(pcapHeader(true, 0xa1b23c4d), index * 1000);
    for (let count = 0; count < 3; count += 1)
      source.push(pcapPacket(true, second, index * 1000 + count, udpFrame(`${name} ${count}`)), index * 1000);
    pieces.push(merge.take(index * 1000 + 500));
  }
  const bytes = Buffer.concat([...pieces, merge.takeAll()]);
  const { stdout, stderr } = await execa(
    'tshark',
    ['-n', '-i', '-', '-c', '9', '-T', 'fields', '-e', 'frame.interface_name', '-e', 'udp.payload'],
    { input: bytes, reject: false, timeout: patienceMs },
  );
  const expected = pods.flatMap((name) =>
    [0, 1, 2].map((count) => `${name}\t${Buffer.from(`${name} ${count}`).toString('hex')}`),
  );
  expect(stdout.split('\n'), stderr).toEqual(expected);
  expect(
    (await seenByTshark(await file('live.pcapng', bytes))).filter((line) => line.startsWith(`${second}`)),
  ).toHaveLength(9);
});
