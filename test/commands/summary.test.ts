import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { capturePackages, ensurePackages } from '../../scripts/cluster/requirements.ts';
import { makeMaterial } from '../../src/certificates/index.ts';
import { makeGenerations } from '../support/certificates/generation.ts';
import {
  captureOf,
  dnsOverTcp,
  dnsOverUdp,
  ipv6WithExtensions,
  linkHeaders,
  pcapOf,
  resetAndAgain,
  resets,
  retransmissions,
  reusedPorts,
  zeroWindows,
} from '../support/summary/captures.ts';
import { randomTcp } from '../support/summary/randomTcp.ts';
import { expectSame } from '../support/summary/sameAsTshark.ts';
import { trafficFile } from '../support/summary/traffic.ts';

let folder = '';

beforeAll(async () => {
  await ensurePackages(capturePackages, stderrProgress);
  folder = await mkdtemp(join(tmpdir(), 'packet-capture-summary-'));
}, 300_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('a busy pod with DNS and HTTP: the same as tshark', async () => {
  const facts = await expectSame(folder, Buffer.concat([...trafficFile({ bytes: 4e6, loss: 0 })]));
  expect(facts.requests).toBeGreaterThan(150);
});

test('a busy pod whose network loses segments: the same as tshark', async () => {
  // What tshark makes of HTTP behind a segment that was sent again is less than there is.
  const { tcp } = await expectSame(
    folder,
    Buffer.concat([...trafficFile({ bytes: 4e6, loss: 0.02 })]),
    'statuses',
    'requests',
  );
  expect(tcp.filter((text) => !text.includes('retransmissions 0')).length).toBeGreaterThan(10);
});

test.each([1, 2, 3])('300 connections of nonsense, seed %i: the same as tshark', async (seed) => {
  const { tcp } = await expectSame(folder, captureOf(randomTcp(seed, 300)));
  expect(tcp.length).toBeGreaterThan(300);
});

test('data sent again, after repeated acknowledgements, for nothing, and overtaken: the same as tshark', async () => {
  const { tcp } = await expectSame(folder, captureOf(retransmissions()));
  expect(tcp[0]).toContain('retransmissions 4 disorder 1');
});

test('a window that closes and is probed: the same as tshark', async () => {
  const { tcp } = await expectSame(folder, captureOf(zeroWindows()));
  expect(tcp[0]).toContain('zero 3');
});

test('connections refused, not answered and reset: the same as tshark', async () => {
  const { tcp } = await expectSame(folder, captureOf(resets()));
  expect(tcp.map((text) => text.slice(-8))).toEqual(['resets 1', 'resets 0', 'resets 1']);
});

test('a SYN again behind a reset with another number: the same as tshark', async () => {
  const { tcp } = await expectSame(folder, captureOf(resetAndAgain()));
  expect(tcp[0]).toContain('retransmissions 1 disorder 0');
});

test('the same ports for two connections: the same as tshark', async () => {
  const { tcp } = await expectSame(folder, captureOf(reusedPorts()));
  expect(tcp).toHaveLength(2);
});

test('DNS over UDP, with failures, a repeated query and answers that never come: the same as tshark', async () => {
  const { dnsCodes, dnsTimes } = await expectSame(folder, captureOf(dnsOverUdp()));
  expect(dnsCodes).toEqual(['NOERROR 4', 'NXDOMAIN 2', 'REFUSED 1', 'SERVFAIL 1']);
  expect(dnsTimes).toMatch(/^7 0.001234567 2.500000000/);
});

test('DNS over TCP, in segments that are no messages: the same as tshark', async () => {
  const { dnsCodes } = await expectSame(folder, captureOf(dnsOverTcp()));
  expect(dnsCodes).toEqual(['NOERROR 1', 'NXDOMAIN 1', 'REFUSED 1']);
});

test.each([...linkHeaders()])(
  'packets behind a link header, %s: the same as tshark',
  async (_, { linkType, frames }) => {
    const { tcp } = await expectSame(folder, pcapOf(frames, { linkType, nano: true }));
    expect(tcp).toHaveLength(1);
  },
);

test('IPv6 with extension headers: the same as tshark', async () => {
  const { tcp } = await expectSame(folder, captureOf(ipv6WithExtensions()), 'table');
  expect(tcp[0]).toContain('retransmissions 1');
});

test('packets of which the first 60 bytes were kept: the same as tshark, with their length on the wire', async () => {
  const { tcp } = await expectSame(folder, captureOf(randomTcp(9, 50), 60));
  expect(tcp.length).toBeGreaterThan(50);
});

test.each([
  [true, false],
  [true, true],
  [false, false],
  [false, true],
])('classic pcap, little-endian %s, nanoseconds %s: the same as tshark', async (little, nano) => {
  const { tcp } = await expectSame(folder, pcapOf(randomTcp(5, 40), { little, nano }));
  expect(tcp.length).toBeGreaterThan(40);
});

/** What real programs say to each other on loopback, in a network namespace that ends with them. */
async function realCapture(): Promise<Uint8Array> {
  const [randomness] = await makeGenerations(2048);
  const { key, certificate } = makeMaterial({ dnsNames: ['new.shop.example'], now: new Date() }, randomness);
  const [keyFile, certificateFile, path] = ['key.pem', 'certificate.pem', 'real.pcapng'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(keyFile, key);
  await writeFile(certificateFile, certificate);
  const talk = join(import.meta.dirname, '../support/summary/talk.ts');
  const script = `ip link set lo up; dumpcap -q -i lo -w "$1" & capture=$!
    until [ -s "$1" ]; do sleep 0.05; done; sleep 0.3
    shift; "$@"; code=$?; sleep 0.5; until grep -q '^State:.S' /proc/$capture/status; do sleep 0.05; done; kill -INT $capture; wait $capture; exit $code`;
  await execa('unshare', ['--net', 'sh', '-c', script, 'sh', path, process.execPath, talk, keyFile, certificateFile]);
  return readFile(path);
}

test('real programs with HTTP, TLS 1.2 and 1.3, a failed handshake, DNS and a refused port: the same as tshark', async () => {
  const facts = await expectSame(folder, await realCapture());
  expect(facts.serverNames).toEqual(['new.shop.example 2', 'old.shop.example 1', 'weak.shop.example 1']);
  expect(facts.versions).toEqual(['TLS 1.2 1', 'TLS 1.3 2']);
  expect(facts.alerts).toEqual(['handshake_failure 1']);
  expect(facts.statuses).toEqual(['200 3', '404 1', '503 1']);
  expect(facts.requests).toBe(5);
  expect(facts.dnsCodes).toEqual(['NOERROR 1', 'NXDOMAIN 2']);
  expect(facts.tcp.filter((text) => text.endsWith('resets 1'))).toHaveLength(1);
});
