import { describe, expect, test } from 'vitest';
import {
  block,
  interfaceBlock,
  optionBytes,
  packetBlock,
  pcapHeader,
  pcapPacket,
  sectionBlock,
} from '../../support/pcapng/captureBytes.ts';
import { captureOf, createConnection, retransmissions } from '../../support/summary/captures.ts';
import {
  dnsBytes,
  ethernetFrame,
  ipv4Packet,
  protocolNumbers,
  tcpFrame,
  udpDatagram,
} from '../../support/summary/frames.ts';
import { summaryOf } from '../../support/summary/read.ts';

describe('a capture of two pods that talk to each other', () => {
  const frames = retransmissions().map(({ frame }) => frame);
  const twice = Buffer.concat([
    sectionBlock(true),
    interfaceBlock(true, 1, 0, [{ code: 2, value: 'shop/web-1:eth0' }]),
    interfaceBlock(true, 1, 0, [{ code: 2, value: 'shop/db-1:eth0' }]),
    ...frames.flatMap((frame, index) => [
      packetBlock(true, 0, BigInt(index * 100_000), frame),
      packetBlock(true, 1, BigInt(index * 100_000 + 10), frame),
    ]),
  ]);
  const once = Buffer.concat([
    sectionBlock(true),
    interfaceBlock(true, 1, 0, [{ code: 2, value: 'shop/web-1:eth0' }]),
    ...frames.map((frame, index) => packetBlock(true, 0, BigInt(index * 100_000), frame)),
  ]);

  test('counts each packet where it was seen first, so that none is a retransmission for that', () => {
    const [both, alone] = [summaryOf([[twice]]), summaryOf([[once]])];
    expect(both.packets).toBe(frames.length * 2);
    expect(both.seenTwice).toBe(frames.length);
    expect(both.tcp).toEqual(alone.tcp);
    expect(both.talkers).toEqual(alone.talkers);
    expect(both.conversations.list).toEqual(
      alone.conversations.list.map((one) => ({ ...one, seenTwice: frames.length })),
    );
  });

  test('also in two files, whose interfaces have names', () => {
    const named = (name: string): Uint8Array =>
      Buffer.concat([
        sectionBlock(true),
        interfaceBlock(true, 1, 0, [
          { code: 2, value: 'eth0' },
          { code: 3, value: name },
        ]),
        ...frames.map((frame, index) => packetBlock(true, 0, BigInt(index * 100_000), frame)),
      ]);
    expect(summaryOf([[named('shop/web-1')], [named('shop/db-1')]]).seenTwice).toBe(frames.length);
    // The ring of one pod: its files continue each other.
    expect(summaryOf([[named('shop/web-1')], [named('shop/web-1')]]).seenTwice).toBe(0);
  });
});

const nameBlock = (address: readonly number[], ...texts: string[]): Uint8Array =>
  block(
    true,
    4,
    optionBytes(true, [
      { code: 1, value: Buffer.concat([Uint8Array.from(address), ...texts.map((text) => Buffer.from(`${text}\0`))]) },
    ]),
    [4, 0],
  );
const openingPacket = (index: number): Uint8Array =>
  packetBlock(
    true,
    0,
    BigInt(index),
    tcpFrame({
      source: '10.1.0.5',
      sourcePort: 40_000 + index,
      destination: '10.2.0.7',
      destinationPort: 80,
      sequence: 1,
      flags: 'S',
    }),
  );

describe('names', () => {
  test('come from the name resolution blocks, also from one behind the first packet; the last of several counts', () => {
    const bytes = Buffer.concat([
      sectionBlock(true),
      interfaceBlock(true, 1, 0),
      openingPacket(0),
      nameBlock([10, 1, 0, 5], 'web', 'shop/web-1'),
    ]);
    const { conversations, talkers } = summaryOf([[bytes]]);
    expect(conversations.list[0]?.client).toEqual({ address: '10.1.0.5', port: 40_000, name: 'shop/web-1' });
    expect(conversations.list[0]?.server).toEqual({ address: '10.2.0.7', port: 80 });
    expect(talkers.map(({ name }) => name)).toEqual(['shop/web-1', undefined]);
  });

  test('belong to an address for its time: what came before it changed hands keeps the old one', () => {
    const bytes = Buffer.concat([
      sectionBlock(true),
      interfaceBlock(true, 1, 0),
      nameBlock([10, 1, 0, 5], 'shop/web-1'),
      openingPacket(0),
      nameBlock([10, 1, 0, 5], 'shop/web-1'),
      openingPacket(1),
      nameBlock([10, 1, 0, 5], 'shop/web-2'),
      openingPacket(2),
    ]);
    expect(summaryOf([[bytes]]).conversations.list.map(({ client }) => client.name)).toEqual([
      'shop/web-1',
      'shop/web-1',
      'shop/web-2',
    ]);
  });
});

test('a name that is the address itself takes the name back: what comes later has none', () => {
  const bytes = Buffer.concat([
    sectionBlock(true),
    interfaceBlock(true, 1, 0),
    nameBlock([10, 1, 0, 5], '10.1.0.5'),
    nameBlock([10, 1, 0, 5], 'shop/web-1'),
    openingPacket(0),
    nameBlock([10, 1, 0, 5], '10.1.0.5'),
    openingPacket(1),
  ]);
  expect(summaryOf([[bytes]]).conversations.list.map(({ client }) => client.name)).toEqual(['shop/web-1', undefined]);
});

describe('memory', () => {
  test('holds so many conversations: those with most bytes stay, the sum of the others is right', () => {
    const frames = Array.from({ length: 1000 }, (_, index) => ({
      after: 1000,
      frame: ethernetFrame(
        ipv4Packet(
          '10.1.0.1',
          '10.2.0.1',
          protocolNumbers.udp,
          udpDatagram(1000 + index, 9000, new Uint8Array(index === 17 || index === 900 ? 1000 : index % 50)),
        ),
      ),
    }));
    const { conversations, talkers, pairs, bytes } = summaryOf([[captureOf(frames)]], {
      conversations: 100,
      addresses: 10,
    });
    expect(conversations.list.length).toBeLessThanOrEqual(100);
    expect(conversations.list.length + conversations.others.conversations).toBe(1000);
    expect(conversations.list.slice(0, 2).map(({ fromClient }) => fromClient.bytes)).toEqual([1042, 1042]);
    const kept = conversations.list.reduce(
      (sum, { fromClient, fromServer }) => sum + fromClient.bytes + fromServer.bytes,
      0,
    );
    expect(kept + conversations.others.bytes).toBe(bytes);
    expect(talkers[0]?.sent).toEqual({ packets: 1000, bytes });
    expect(pairs[0]).toMatchObject({ conversations: 1000, packets: 1000, bytes });
  });
});

describe('drops', () => {
  const number = (code: number, value: bigint): { code: number; value: readonly (readonly [8, bigint])[] } => ({
    code,
    value: [[8, value]],
  });
  const statistics = (start: number, received: bigint, dropped: bigint): Uint8Array =>
    block(
      true,
      5,
      [4, 0],
      [4, 0],
      [4, 0],
      optionBytes(true, [
        {
          code: 2,
          value: [
            [4, 0n],
            [4, BigInt(start)],
          ],
        },
        number(6, received),
        number(7, dropped),
        number(5, 1n),
      ]),
    );

  test('are those of the statistics: the last of each capture, the sum of several', () => {
    const bytes = Buffer.concat([
      sectionBlock(true),
      interfaceBlock(true, 1, 0, [{ code: 2, value: 'eth0' }]),
      statistics(1, 10n, 2n),
      statistics(1, 20n, 4n),
      statistics(2, 5n, 3n),
    ]);
    expect(summaryOf([[bytes]]).drops).toEqual([{ interface: 'eth0', received: 25, dropped: 9 }]);
  });

  test('are else those that packets name', () => {
    const bytes = Buffer.concat([
      sectionBlock(true),
      interfaceBlock(true, 1, 0, [{ code: 2, value: 'eth0' }]),
      packetBlock(true, 0, 1n, Uint8Array.of(1), 1, [number(4, 7n)]),
      packetBlock(true, 0, 2n, Uint8Array.of(1), 1, [number(4, 5n)]),
    ]);
    expect(summaryOf([[bytes]]).drops).toEqual([{ interface: 'eth0', received: null, dropped: 12 }]);
  });
});

test('what comes again counts once, and what follows it is still read', () => {
  const { frames, send, open } = createConnection();
  const request = (path: string): Uint8Array => Buffer.from(`GET /${path} HTTP/1.1\r\n\r\n`);
  open();
  send('client', { data: request('a') });
  send('client', { data: request('b') });
  send('client', { data: request('c').subarray(0, 9) });
  send('client', { data: request('a'), back: request('a').length * 2 + 9, after: 300_000_000 });
  send('client', { data: request('c').subarray(9) });
  expect(summaryOf([[captureOf(frames)]]).http.requests).toBe(3);
});

describe('fragments', () => {
  test('the first has the ports; what follows counts for its addresses', () => {
    const datagram = udpDatagram(40_000, 53, dnsBytes({ id: 1, name: 'a.example' }));
    const fragment = (content: Uint8Array, flags: number): { after: number; frame: Uint8Array } => ({
      after: 1,
      frame: ethernetFrame(ipv4Packet('10.1.0.1', '10.2.0.1', protocolNumbers.udp, content, flags)),
    });
    const { conversations, dns, protocols } = summaryOf([
      [captureOf([fragment(datagram, 0x2000), fragment(new Uint8Array(100), 8)])],
    ]);
    expect(conversations.list.map(({ protocol }) => protocol).toSorted()).toEqual(['other', 'udp']);
    expect(protocols).toMatchObject([{ protocol: 'udp', packets: 2 }]);
    expect(dns.queries).toBe(1);
  });
});

test('times are exact, whatever the resolution of an interface is', () => {
  const frame = tcpFrame({
    source: '10.1.0.5',
    sourcePort: 40_000,
    destination: '10.2.0.7',
    destinationPort: 80,
    sequence: 1,
    flags: 'S',
  });
  const at = (code: number, ticks: readonly bigint[]): Uint8Array =>
    Buffer.concat([
      sectionBlock(true),
      interfaceBlock(true, 1, 0, [{ code: 9, value: Uint8Array.of(code) }]),
      ...ticks.map((tick) => packetBlock(true, 0, tick, frame)),
    ]);
  const second = 1_700_000_000n;
  expect(summaryOf([[at(9, [second * 1_000_000_000n + 1n, second * 1_000_000_000n + 4_000_000_124n])]]).seconds).toBe(
    4.000000123,
  );
  expect(summaryOf([[at(6, [second * 1_000_000n, second * 1_000_000n + 7n])]]).seconds).toBe(0.000007);
  expect(summaryOf([[at(0x8a, [second * 1024n, second * 1024n + 512n])]]).seconds).toBe(0.5);
  expect(summaryOf([[at(12, [second * 10n ** 12n, second * 10n ** 12n + 5000n])]]).seconds).toBe(0.000000005);
  // Two files, the second of which is earlier and finer.
  expect(summaryOf([[at(6, [second * 1_000_000n + 9n])], [at(9, [second * 1_000_000_000n + 1n])]]).seconds).toBe(
    0.000008999,
  );
  // The other way round: a microsecond that is no whole one from the first packet on.
  expect(summaryOf([[at(9, [second * 1_000_000_000n + 1n])], [at(6, [second * 1_000_000n + 9n])]]).seconds).toBe(
    0.000008999,
  );
  const pcap = Buffer.concat([
    pcapHeader(true, 0xa1b2_3c4d),
    pcapPacket(true, 10, 999_999_999, frame),
    pcapPacket(true, 11, 3, frame),
  ]);
  expect(summaryOf([[pcap]]).seconds).toBe(0.000000004);
});
