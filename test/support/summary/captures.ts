import { bytesOf, interfaceBlock, packetBlock, pcapHeader, pcapPacket, sectionBlock } from '../pcapng/captureBytes.ts';
import {
  dnsBytes,
  ethernetFrame,
  ipv4Packet,
  ipv6Packet,
  protocolNumbers,
  tcpFrame,
  tcpSegment,
  udpDatagram,
  type DnsFields,
  type TcpFields,
} from './frames.ts';
import type { TimedFrame } from './randomTcp.ts';

/**
 * A capture of Ethernet with nanoseconds.
 * @param snaplen bytes that are kept of a packet, or how many of which; 0: all
 */
export function captureOf(
  frames: readonly TimedFrame[],
  snaplen: number | ((frame: Uint8Array) => number) = 0,
): Uint8Array {
  let time = 1_700_000_000_000_000_000n;
  return Buffer.concat([
    sectionBlock(true),
    interfaceBlock(true, 1, typeof snaplen === 'number' ? snaplen : 0, [
      { code: 2, value: 'eth0' },
      { code: 9, value: Uint8Array.of(9) },
    ]),
    ...frames.map(({ after, frame }) => {
      time += BigInt(after);
      const kept = typeof snaplen === 'number' ? snaplen || frame.length : snaplen(frame);
      return packetBlock(true, 0, time, frame.subarray(0, kept), frame.length);
    }),
  ]);
}

/** The same in classic pcap. */
export function pcapOf(
  frames: readonly TimedFrame[],
  { little = true, nano = false, linkType = 1 }: { little?: boolean; nano?: boolean; linkType?: number },
): Uint8Array {
  let time = 0;
  return Buffer.concat([
    pcapHeader(little, nano ? 0xa1b2_3c4d : 0xa1b2_c3d4, linkType),
    ...frames.map(({ after, frame }) => {
      time += after;
      const fraction = time % 1e9;
      return pcapPacket(
        little,
        1_700_000_000 + Math.floor(time / 1e9),
        nano ? fraction : Math.floor(fraction / 1000),
        frame,
      );
    }),
  ]);
}

const [client, server] = ['10.1.0.5', '10.2.0.7'];

/** What one end sends next; `back`: so many bytes were sent before. */
type SentFields = Partial<TcpFields> & { readonly after?: number; readonly back?: number };

/** Segments of one connection, told by who sends: its numbers go on by themselves. */
export interface MadeConnection {
  readonly frames: TimedFrame[];
  readonly send: (from: 'client' | 'server', fields?: SentFields) => void;
  readonly open: () => void;
}

export function createConnection(port = 40_000, serverPort = 80): MadeConnection {
  const frames: TimedFrame[] = [];
  const next = { client: 1000, server: 5000 };
  const send: MadeConnection['send'] = (from, { after = 100_000, back = 0, ...fields } = {}) => {
    const other = from === 'client' ? 'server' : 'client';
    const made: TcpFields = {
      source: from === 'client' ? client : server,
      sourcePort: from === 'client' ? port : serverPort,
      destination: from === 'client' ? server : client,
      destinationPort: from === 'client' ? serverPort : port,
      sequence: next[from] - back,
      ack: next[other],
      flags: 'A',
      ...fields,
    };
    frames.push({ after, frame: tcpFrame(made) });
    const length = (made.data?.length ?? 0) + (/[SF]/.test(made.flags) ? 1 : 0);
    next[from] = Math.max(next[from], made.sequence + length);
  };
  return {
    frames,
    send,
    open: () => {
      send('client', { flags: 'S', ack: 0 });
      send('server', { flags: 'SA' });
      send('client');
    },
  };
}

const data = (length: number): Uint8Array => new Uint8Array(length).fill(0x78);

/** Data sent again after a timeout, after repeated acknowledgements, although it was acknowledged, and overtaken. */
export function retransmissions(): TimedFrame[] {
  const { frames, send, open } = createConnection();
  open();
  send('server', { flags: 'PA', data: data(1000) });
  send('server', { flags: 'PA', data: data(1000), back: 1000, after: 200_000_000 });
  send('client');
  send('server', { flags: 'PA', data: data(1000), back: 1000, after: 1_000_000 });
  send('server', { data: data(1000) });
  send('server', { data: data(1000) });
  for (let count = 0; count < 4; count += 1) send('client', { ack: 6000 });
  send('server', { data: data(1000), sequence: 6000, after: 1_000_000 });
  send('client');
  send('server', { data: data(1000), sequence: 9000 });
  send('server', { data: data(1000), sequence: 8000, after: 1000 });
  send('client', { flags: 'FA' });
  send('server', { flags: 'FA' });
  send('server', { flags: 'FA', back: 1, after: 300_000_000 });
  send('client');
  return frames;
}

/** A window that closes, is probed, and opens. */
export function zeroWindows(): TimedFrame[] {
  const { frames, send, open } = createConnection();
  open();
  send('server', { data: data(500) });
  send('client', { window: 0 });
  send('server', { data: data(1), after: 200_000_000 });
  send('client', { window: 0, ack: 5501 });
  send('server', { data: data(1), back: 1, after: 400_000_000 });
  send('client', { window: 0, ack: 5501 });
  send('client', { window: 500, after: 50_000_000 });
  send('server', { data: data(500), sequence: 5501 });
  send('client');
  return frames;
}

/** A refused connection, one that nobody answers, one that is reset. */
export function resets(): TimedFrame[] {
  const refused = createConnection(40_001, 81);
  refused.send('client', { flags: 'S', ack: 0 });
  refused.send('server', { flags: 'RA', sequence: 0, window: 0 });
  const silent = createConnection(40_002, 82);
  for (let count = 0; count < 3; count += 1)
    silent.send('client', { flags: 'S', ack: 0, sequence: 1000, after: count * 1_000_000_000 });
  const reset = createConnection(40_003, 83);
  reset.open();
  reset.send('client', { flags: 'PA', data: data(10) });
  reset.send('server', { flags: 'R', ack: 0, window: 0 });
  return [...refused.frames, ...silent.frames, ...reset.frames];
}

/** The same ports twice, and a SYN of the second that comes twice. */
export function reusedPorts(): TimedFrame[] {
  const first = createConnection();
  first.open();
  first.send('client', { flags: 'PA', data: data(10) });
  first.send('client', { flags: 'FA' });
  const second = createConnection();
  for (const after of [1_000_000, 1_000_000_000])
    second.send('client', { flags: 'S', ack: 0, sequence: 777_777, after });
  second.send('server', { flags: 'SA', sequence: 888_888 });
  second.send('client', { sequence: 777_778, ack: 888_889 });
  second.send('server', { flags: 'PA', data: data(100), sequence: 888_889 });
  return [...first.frames, ...second.frames];
}

/** A client that resets with a number of its own, and begins again with the old one. */
export function resetAndAgain(): TimedFrame[] {
  const { frames, send } = createConnection();
  send('client', { flags: 'S', ack: 0, sequence: 1000 });
  send('client', { flags: 'R', ack: 0, sequence: 900_000, window: 0 });
  send('client', { flags: 'S', ack: 0, sequence: 1000, after: 1_000_000 });
  return frames;
}

function udpFrame(out: boolean, port: number, content: Uint8Array): Uint8Array {
  const [from, to] = out ? [port, 53] : [53, port];
  const packet = ipv4Packet(
    out ? client : '10.96.0.10',
    out ? '10.96.0.10' : client,
    protocolNumbers.udp,
    udpDatagram(from, to, content),
  );
  return ethernetFrame(packet);
}

/** Answers of every kind, a query that comes twice, an answer that comes twice, and one that never comes. */
export function dnsOverUdp(): TimedFrame[] {
  const frames: TimedFrame[] = [];
  const say = (after: number, port: number, fields: DnsFields): void => {
    frames.push({ after, frame: udpFrame(fields.response !== true, port, dnsBytes(fields)) });
  };
  for (const [index, code] of [0, 3, 3, 2, 5, 0].entries()) {
    const name = code === 0 ? 'db.shop.svc.cluster.local' : `gone-${code}.shop`;
    say(100_000, 41_000 + index, { id: index, name });
    say(1_234_567 * (index + 1), 41_000 + index, { id: index, name, response: true, code });
  }
  say(1, 42_000, { id: 9, name: 'slow.example' });
  say(2_000_000_000, 42_000, { id: 9, name: 'slow.example' });
  say(500_000_000, 42_000, { id: 9, name: 'slow.example', response: true });
  say(100, 42_000, { id: 9, name: 'slow.example', response: true });
  say(1_000, 42_001, { id: 10, name: 'never.example' });
  say(6_000_000_000, 42_001, { id: 10, name: 'never.example' });
  return frames;
}

/** Two queries in one segment, an answer in three, and a third query that is refused. */
export function dnsOverTcp(): TimedFrame[] {
  const { frames, send, open } = createConnection(40_100, 53);
  const message = (fields: DnsFields): Uint8Array => {
    const bytes = dnsBytes(fields);
    return bytesOf(false, [2, bytes.length], bytes);
  };
  open();
  send('client', {
    flags: 'PA',
    data: Buffer.concat([message({ id: 1, name: 'a.example' }), message({ id: 2, name: 'b.example' })]),
  });
  const answers = Buffer.concat([
    message({ id: 2, name: 'b.example', response: true, code: 3 }),
    message({ id: 1, name: 'a.example', response: true }),
  ]);
  send('server', { data: answers.subarray(0, 7) });
  send('server', { data: answers.subarray(7, 40) });
  send('server', { flags: 'PA', data: answers.subarray(40) });
  send('client', { flags: 'PA', data: message({ id: 3, name: 'c.example' }) });
  send('server', { flags: 'PA', data: message({ id: 3, name: 'c.example', response: true, code: 5 }) });
  return frames;
}

/** Some segments as IP packets, to be wrapped. */
function somePackets(): Uint8Array[] {
  return retransmissions().map(({ frame }) => frame.subarray(14));
}

/** The same packets behind every link header that the agent writes, by LINKTYPE_ number. */
export function linkHeaders(): Map<string, { readonly linkType: number; readonly frames: TimedFrame[] }> {
  const timed = (head: Uint8Array): TimedFrame[] =>
    somePackets().map((packet) => ({ after: 100_000, frame: Buffer.concat([head, packet]) }));
  const tagged = (...tags: (readonly [number, number])[]): TimedFrame[] =>
    somePackets().map((packet) => ({ after: 100_000, frame: ethernetFrame(packet, tags) }));
  return new Map([
    ['VLAN', { linkType: 1, frames: tagged([0x8100, 5]) }],
    ['QinQ', { linkType: 1, frames: tagged([0x88a8, 5], [0x8100, 6]) }],
    ['cooked', { linkType: 113, frames: timed(bytesOf(false, [2, 0], [2, 1], [2, 6], [8, 0], [2, 0x0800])) }],
    [
      'cooked v2',
      { linkType: 276, frames: timed(bytesOf(false, [2, 0x0800], [2, 0], [4, 3], [2, 1], [1, 0], [1, 6], [8, 0])) },
    ],
    ['raw IP', { linkType: 101, frames: timed(new Uint8Array(0)) }],
    ['raw IPv4', { linkType: 228, frames: timed(new Uint8Array(0)) }],
    ['null', { linkType: 0, frames: timed(bytesOf(true, [4, 2])) }],
    ['loop', { linkType: 108, frames: timed(bytesOf(false, [4, 2])) }],
  ]);
}

/** IPv6 with and without extension headers, which are those of RFC 8200, and a fragment. */
export function ipv6WithExtensions(): TimedFrame[] {
  const [from, to] = [
    Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
    Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2),
  ];
  const segment = (sequence: number): Uint8Array =>
    tcpSegment({
      source: '',
      destination: '',
      sourcePort: 41_000,
      destinationPort: 80,
      sequence,
      ack: 1,
      flags: 'PA',
      data: data(50),
    });
  const options = (next: number): Uint8Array => Uint8Array.of(next, 0, 1, 4, 0, 0, 0, 0);
  return [
    ipv6Packet(from, to, 6, segment(1)),
    ipv6Packet(from, to, 0, Buffer.concat([options(6), segment(51)])),
    ipv6Packet(from, to, 0, Buffer.concat([options(60), options(6), segment(101)])),
    ipv6Packet(from, to, 6, segment(101)),
    // A fragment that is the whole packet.
    ipv6Packet(from, to, 44, Buffer.concat([Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 9), segment(151)])),
  ].map((packet) => ({ after: 200_000_000, frame: ethernetFrame(packet) }));
}
