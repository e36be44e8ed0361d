import { bytesOf } from '../pcapng/captureBytes.ts';
import { createConnection, dnsOverUdp, resets, retransmissions } from './captures.ts';
import {
  dnsBytes,
  ethernetFrame,
  ipv4Packet,
  ipv6Packet,
  protocolNumbers,
  tcpFrame,
  tcpSegment,
  udpDatagram,
  type TcpFields,
} from './frames.ts';
import type { TimedFrame } from './randomTcp.ts';

const data = (length: number): Uint8Array => new Uint8Array(length).fill(0x78);
const [client, server] = ['10.1.0.5', '10.2.0.7'];

/** Sequence numbers that pass 2^32 in both directions, with data that is lost, repeated and overtaken there. */
export function wrappedNumbers(): TimedFrame[] {
  const frames: TimedFrame[] = [];
  const start = { client: 2 ** 32 - 20, server: 2 ** 32 - 2500 };
  const send = (
    from: 'client' | 'server',
    offset: number,
    ackOffset: number,
    fields: Partial<TcpFields> = {},
  ): void => {
    const other = from === 'client' ? 'server' : 'client';
    frames.push({
      after: 3_500_000,
      frame: tcpFrame({
        source: from === 'client' ? client : server,
        sourcePort: from === 'client' ? 40_000 : 80,
        destination: from === 'client' ? server : client,
        destinationPort: from === 'client' ? 80 : 40_000,
        sequence: (start[from] + offset) % 2 ** 32,
        ack: (start[other] + ackOffset) % 2 ** 32,
        flags: 'A',
        ...fields,
      }),
    });
  };
  send('client', 0, 0, { flags: 'S', ack: 0 });
  send('server', 0, 1, { flags: 'SA' });
  send('client', 1, 1);
  const request = Buffer.from('GET /long HTTP/1.1\r\nHost: shop\r\n\r\n');
  send('client', 1, 1, { flags: 'PA', data: request });
  const asked = 1 + request.length;
  const response = Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4957\r\n\r\n'), data(4957)]);
  const part = (from: number): void => send('server', 1 + from, asked, { data: response.subarray(from, from + 1000) });
  part(0);
  part(1000);
  // The third part, in which the numbers wrap, is lost; three acknowledgements say so.
  part(3000);
  for (let count = 0; count < 3; count += 1) send('client', asked, 2001);
  part(2000);
  send('client', asked, 4001);
  part(4000);
  part(4000);
  send('client', asked, 1 + response.length);
  // Spurious: before the numbers wrapped.
  part(1000);
  send('client', asked, 1 + response.length, { flags: 'FA' });
  send('server', 1 + response.length, asked + 1, { flags: 'FA' });
  send('client', asked + 1, 2 + response.length);
  return frames;
}

/** A connection that is silent for hours but for its keep-alives, with and without a byte, and then ends. */
export function keepAlives(): TimedFrame[] {
  const { frames, send, open } = createConnection();
  open();
  send('client', { flags: 'PA', data: data(20) });
  send('server');
  for (const content of [data(0), data(1), data(0)]) {
    send('client', { back: 1, data: content, after: 7_200_000_000_000 });
    send('server');
    send('server', { back: 1, data: content, after: 75_000_000_000 });
    send('client');
  }
  // Three that nobody answers.
  for (let count = 0; count < 3; count += 1) send('client', { back: 1, after: 75_000_000_000 });
  send('client', { flags: 'RA' });
  return frames;
}

/** Cut to fragments at these offsets, which are multiples of eight. */
function ip4Fragments(protocol: number, content: Uint8Array, ...offsets: readonly number[]): TimedFrame[] {
  return [0, ...offsets].map((offset, index) => {
    const end = offsets[index] ?? content.length;
    const flags = end === content.length ? 0 : 0x2000;
    const packet = ipv4Packet(server, client, protocol, content.subarray(offset, end), flags | (offset >> 3));
    return { after: 10_000, frame: ethernetFrame(packet) };
  });
}

function ip6Fragments(protocol: number, content: Uint8Array, ...offsets: readonly number[]): TimedFrame[] {
  const [from, to] = [2, 1].map((last) => Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last)) as [
    Uint8Array,
    Uint8Array,
  ];
  return [0, ...offsets].map((offset, index) => {
    const end = offsets[index] ?? content.length;
    const head = bytesOf(false, [1, protocol], [1, 0], [2, offset | (end === content.length ? 0 : 1)], [4, 77]);
    const packet = ipv6Packet(from, to, 44, Buffer.concat([head, content.subarray(offset, end)]));
    return { after: 10_000, frame: ethernetFrame(packet) };
  });
}

/** An answer of DNS and a segment of TCP in three fragments each, in IPv4 and IPv6. */
export function fragments(): TimedFrame[] {
  const answer = Buffer.concat([dnsBytes({ id: 7, name: 'long.example', response: true, code: 3 }), data(3000)]);
  const datagram = udpDatagram(53, 41_000, answer);
  const segment = (sequence: number): Uint8Array =>
    tcpSegment({
      source: server,
      sourcePort: 80,
      destination: client,
      destinationPort: 40_000,
      sequence,
      ack: 1,
      flags: 'PA',
      data: data(3000),
    });
  return [
    ...ip4Fragments(protocolNumbers.udp, datagram, 1480, 2960),
    ...ip4Fragments(protocolNumbers.tcp, segment(1), 1480, 2960),
    ...ip6Fragments(protocolNumbers.udp, datagram, 1448, 2896),
    ...ip6Fragments(protocolNumbers.tcp, segment(1), 1448, 2896),
  ];
}

/** Frames that are shorter than Ethernet allows, with bytes behind the packet that fill them. */
export function padded(): TimedFrame[] {
  return [...retransmissions(), ...resets(), ...dnsOverUdp()].map(({ after, frame }) => ({
    after,
    frame: frame.length < 60 ? Buffer.concat([frame, new Uint8Array(60 - frame.length).fill(0xee)]) : frame,
  }));
}

/** Segments of 60 KB, whose length the network card fills in later: it is 0. */
export function offloaded(): TimedFrame[] {
  const { frames, send, open } = createConnection();
  open();
  for (let count = 0; count < 3; count += 1) {
    send('server', { flags: 'PA', data: data(60_000) });
    send('client');
  }
  return frames.map(({ after, frame }) => {
    if (frame.length < 60_000) return { after, frame };
    const zero = Buffer.from(frame);
    zero.writeUInt16BE(0, 16);
    return { after, frame: zero };
  });
}

/** Errors of ICMP and ICMPv6, which carry the beginning of the packet that they are about. */
export function icmpErrors(): TimedFrame[] {
  const { frames, send } = createConnection();
  send('client', { flags: 'S', ack: 0 });
  const about = (frames[0]?.frame ?? data(0)).subarray(14);
  const unreachable = bytesOf(false, [1, 3], [1, 3], [2, 0], [4, 0], about.subarray(0, 28));
  const error = ethernetFrame(ipv4Packet(server, client, protocolNumbers.icmp, unreachable));
  const query = udpDatagram(41_000, 53, dnsBytes({ id: 3, name: 'a.example' }));
  const asked = ipv4Packet(client, server, protocolNumbers.udp, query);
  const refused = bytesOf(false, [1, 3], [1, 3], [2, 0], [4, 0], asked);
  return [
    ...frames,
    { after: 1000, frame: error },
    { after: 1000, frame: ethernetFrame(asked) },
    { after: 1000, frame: ethernetFrame(ipv4Packet(server, client, protocolNumbers.icmp, refused)) },
  ];
}

/** IPv6 with every extension header that a packet may have: hop-by-hop, routing, authentication, destination. */
export function allExtensions(): TimedFrame[] {
  const ends = [1, 2].map((last) => Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last)) as [
    Uint8Array,
    Uint8Array,
  ];
  const options = (next: number): Uint8Array => Uint8Array.of(next, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  // Type 0, with one segment that is done.
  const routing = (next: number): Uint8Array => Buffer.concat([Uint8Array.of(next, 2, 0, 0, 0, 0, 0, 0), ends[1]]);
  // 12 bytes of fixed fields and a check value of 12.
  const authentication = (next: number): Uint8Array =>
    Buffer.concat([Uint8Array.of(next, 4, 0, 0), new Uint8Array(20)]);
  const segment = (sequence: number, flags = 'PA'): Uint8Array =>
    tcpSegment({
      source: '',
      destination: '',
      sourcePort: 41_000,
      destinationPort: 80,
      sequence,
      ack: flags === 'S' ? 0 : 1,
      flags,
      data: flags === 'S' ? data(0) : data(50),
    });
  return [
    ipv6Packet(...ends, 0, Buffer.concat([options(6), segment(0, 'S')])),
    ipv6Packet(...ends, 0, Buffer.concat([options(43), routing(51), authentication(60), options(6), segment(1)])),
    ipv6Packet(...ends, 43, Buffer.concat([routing(6), segment(51)])),
    ipv6Packet(...ends, 51, Buffer.concat([authentication(6), segment(51)])),
  ].map((packet) => ({ after: 200_000_000, frame: ethernetFrame(packet) }));
}

/** Only the headers of each packet, as `snaplen: headers` keeps them. For Ethernet and IPv4 without options. */
export function headersOf(frame: Uint8Array): number {
  const protocol = frame[23];
  if (protocol === protocolNumbers.tcp) return 34 + ((frame[46] ?? 0) >> 4) * 4;
  return Math.min(frame.length, protocol === protocolNumbers.udp ? 42 : 34);
}
