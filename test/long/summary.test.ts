import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { capturePackages, ensurePackages } from '../../scripts/cluster/requirements.ts';
import { measuredRun } from '../support/commands/measuredRun.ts';
import { clientsCapture, type ClientKind } from '../support/summary/manyClients.ts';
import { trafficFile } from '../support/summary/traffic.ts';

let folder = '';

beforeAll(async () => {
  await ensurePackages(capturePackages, stderrProgress);
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-summary-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const facts = ['frame.len', 'tcp.stream', 'tcp.analysis.retransmission', 'dns.flags.rcode', 'dns.time'];

test('a summary of 1 GB takes at most half of the time of tshark for the conversations alone, and less than 200 MB', async () => {
  const file = join(folder, 'large.pcapng');
  await pipeline(Readable.from(trafficFile({ bytes: 1e9 })), createWriteStream(file));
  const seconds: Record<'ours' | 'table' | 'facts', number[]> = { ours: [], table: [], facts: [] };
  let peak = 0;
  const timed = async (args: readonly string[]): Promise<number> => {
    const begun = performance.now();
    await execa('tshark', ['-n', '-r', file, ...args], { stdout: 'ignore', stderr: 'ignore' });
    return (performance.now() - begun) / 1000;
  };
  // By turns, so that the file is in the page cache for all; the first turn does not count.
  for (let turn = 0; turn < 4; turn += 1) {
    const ours = await measuredRun(['summary', file, '-o', 'json', '--top', '10'], {});
    expect(ours.exitCode).toBe(0);
    const table = await timed(['-q', '-z', 'conv,tcp']);
    if (turn === 0) continue;
    seconds.ours.push(ours.seconds);
    seconds.table.push(table);
    peak = Math.max(peak, ours.peakBytes);
  }
  seconds.facts.push(await timed(['-T', 'fields', ...facts.flatMap((field) => ['-e', field])]));
  const median = (some: readonly number[]): number => some.toSorted((a, b) => a - b)[some.length >> 1] ?? 0;
  const ratio = median(seconds.ours) / median(seconds.table);
  console.info(
    `summary ${median(seconds.ours).toFixed(2)} s, tshark -z conv,tcp ${median(seconds.table).toFixed(2)} s, ratio ${ratio.toFixed(2)}; tshark with fields ${median(seconds.facts).toFixed(2)} s; ${Math.round(peak / 1e6)} MB`,
  );
  expect(ratio).toBeLessThan(0.5);
  expect(peak).toBeLessThan(200e6);
});

const kinds: readonly (readonly [ClientKind, string])[] = [
  ['once', 'that each come once'],
  ['beginning', 'whose short requests never end'],
  ['longBeginning', 'whose long requests never end'],
  ['pipelined', 'whose many requests nobody answers'],
  ['longMethod', 'with methods that nobody knows'],
  ['hello', 'whose ClientHello never ends'],
  ['query', 'whose query of DNS never ends'],
];

test.each(kinds)(
  '%s: 200,000 clients %s take less than 200 MB, as a table and as JSON with all rows and a map',
  async (kind) => {
    const file = join(folder, 'clients.pcapng');
    await pipeline(Readable.from(clientsCapture(kind, 200_000)), createWriteStream(file));
    const peaks: number[] = [];
    const map = ['--map', join(folder, 'map.svg'), '--force'];
    for (const args of [[], ['-o', 'json'], ['-o', 'json', '--top', '10000', ...map]]) {
      const { exitCode, stderr, peakBytes } = await measuredRun(['summary', file, ...args], {});
      expect([exitCode, stderr]).toEqual([0, '']);
      peaks.push(peakBytes);
    }
    console.info(
      `${kind}: ${peaks.map((bytes) => Math.round(bytes / 1e6)).join(', ')} MB as table, JSON, and JSON with all rows and a map`,
    );
    expect(Math.max(...peaks)).toBeLessThan(200e6);
  },
);
