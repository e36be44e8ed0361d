import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { capturePackages, ensurePackages } from '../../scripts/cluster/requirements.ts';
import { makeMaterial } from '../../src/certificates/index.ts';
import { makeGenerations } from '../support/certificates/generation.ts';
import { captureOf } from '../support/summary/captures.ts';
import {
  allExtensions,
  fragments,
  headersOf,
  icmpErrors,
  keepAlives,
  offloaded,
  padded,
  wrappedNumbers,
} from '../support/summary/oddCaptures.ts';
import { randomTcp } from '../support/summary/randomTcp.ts';
import { summaryOf } from '../support/summary/read.ts';
import { expectSame } from '../support/summary/sameAsTshark.ts';
import { tsharkFacts } from '../support/summary/tshark.ts';

let folder = '';

beforeAll(async () => {
  await ensurePackages(capturePackages, stderrProgress);
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-summary-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test.each([
  ['sequence numbers that wrap', wrappedNumbers(), ['retransmissions 3 disorder 0']],
  ['keep-alives over hours', keepAlives(), ['retransmissions 0 disorder 0']],
  ['padded frames', padded(), ['retransmissions 4 disorder 1', 'resets 1']],
  ['segments whose length is 0', offloaded(), ['retransmissions 0']],
  ['errors of ICMP', icmpErrors(), ['resets 0']],
  ['IPv6 with all extension headers', allExtensions(), ['retransmissions 1']],
])('%s: the same as tshark', async (_, frames, said) => {
  const { tcp } = await expectSame(folder, captureOf(frames));
  for (const text of said) expect(tcp.join('\n')).toContain(text);
});

test.each([1, 2])('only headers of 200 connections of nonsense, seed %i: the same as tshark', async (seed) => {
  const cut = captureOf(randomTcp(seed, 200), headersOf);
  const { tcp } = await expectSame(folder, cut);
  expect(tcp.length).toBeGreaterThan(200);
});

test('fragments: tshark counts the last one for the connection, and this program the first one, which has the ports', async () => {
  const bytes = captureOf(fragments());
  const { dnsCodes, tcp } = await expectSame(folder, bytes, 'tcp', 'table', 'handshakes');
  expect(dnsCodes).toEqual(['NXDOMAIN 2']);
  expect(tcp.map((text) => text.replace(/ retr.*/, ''))).toEqual([
    '0.000030000 +0.000000 10.1.0.5:40000 0/0 10.2.0.7:80 1/1514',
    '0.000090000 +0.000000 fd00::1:40000 0/0 fd00::2:80 1/1510',
  ]);
  const path = join(folder, 'fragments.pcapng');
  await writeFile(path, bytes);
  expect((await tsharkFacts(path)).tcp.map((text) => text.replace(/ retr.*/, ''))).toEqual([
    '0.000050000 +0.000000 10.1.0.5:40000 0/0 10.2.0.7:80 1/94',
    '0.000110000 +0.000000 fd00::1:40000 0/0 fd00::2:80 1/186',
  ]);
  const { packets, conversations } = summaryOf([[bytes]]);
  const counted = conversations.list.flatMap(({ fromClient, fromServer }) => [fromClient.packets, fromServer.packets]);
  expect([packets, counted.reduce((sum, count) => sum + count, 0)]).toEqual([12, 12]);
});

/** What real programs say in a network namespace that ends with them. @param args of dumpcap */
async function realCapture(name: string, ...args: readonly string[]): Promise<Uint8Array> {
  const [randomness] = await makeGenerations(2048);
  const { key, certificate } = makeMaterial({ dnsNames: ['new.shop.example'], now: new Date() }, randomness);
  const [keyFile, certificateFile, path] = ['key.pem', 'certificate.pem', name].map((file) => join(folder, file)) as [
    string,
    string,
    string,
  ];
  await writeFile(keyFile, key);
  await writeFile(certificateFile, certificate);
  const talk = join(import.meta.dirname, '../support/summary/oddTalk.ts');
  const script = `ip link set lo up mtu 1500; dumpcap -q ${args.join(' ')} -w "$1" & capture=$!
    for i in $(seq 100); do [ -s "$1" ] && break; sleep 0.05; done; sleep 0.3
    shift; "$@"; code=$?; sleep 0.5; kill -INT $capture; wait $capture; exit $code`;
  await execa('unshare', ['--net', 'sh', '-c', script, 'sh', path, process.execPath, talk, keyFile, certificateFile]);
  return readFile(path);
}

test.each([
  ['on the loopback device', ['-i', 'lo']],
  ['cooked, on any device', ['-i', 'any']],
  ['cooked, version 2', ['-i', 'any', '-y', 'LINUX_SLL2']],
  ['with the first 96 bytes', ['-i', 'lo', '-s', '96']],
])('real programs, %s: the same as tshark, which counts a HelloRetryRequest as another hello', async (title, args) => {
  const capture = await realCapture(`${title}.pcapng`, ...args);
  // Of a cut message of DNS, tshark shows the code and no time.
  const isCut = args.includes('-s');
  const but = ['versions', 'serverNames', ...(isCut ? (['dnsTimes'] as const) : [])] as const;
  const facts = await expectSame(folder, capture, ...but);
  expect(facts.tcp).toHaveLength(4);
  expect(facts.dnsCodes).toEqual(['NOERROR 1', 'NXDOMAIN 1']);
  const theirs = await tsharkFacts(join(folder, `${title}.pcapng`));
  expect([facts.versions, theirs.versions]).toEqual(isCut ? [[], []] : [['TLS 1.3 2'], ['TLS 1.3 4']]);
  expect([facts.serverNames, theirs.serverNames]).toEqual(
    isCut ? [[], []] : [['new.shop.example 2'], ['new.shop.example 4']],
  );
});
