import { bytesOf } from '../pcapng/captureBytes.ts';

/** Packets written byte by byte after the standards, without the code under test. Checksums stay 0. */
export interface TcpFields {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly ack?: number;
  /** Of `SFRPA`: SYN, FIN, RST, PSH, ACK. */
  readonly flags: string;
  readonly window?: number;
  readonly data?: Uint8Array;
}

const flagBits: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16 };

export function tcpSegment(fields: TcpFields): Uint8Array {
  const { sourcePort, destinationPort, sequence, ack = 0, flags, window = 65_535, data = new Uint8Array(0) } = fields;
  const bits = Array.from(flags).reduce((sum, flag) => sum | (flagBits[flag] ?? 0), 0);
  return bytesOf(
    false,
    [2, sourcePort],
    [2, destinationPort],
    [4, sequence >>> 0],
    [4, ack >>> 0],
    [1, 0x50],
    [1, bits],
    [2, window],
    [4, 0],
    data,
  );
}

export function udpDatagram(sourcePort: number, destinationPort: number, data: Uint8Array): Uint8Array {
  return bytesOf(false, [2, sourcePort], [2, destinationPort], [2, data.length + 8], [2, 0], data);
}

export const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;

/** @param fragment flags and offset of IPv4 */
export function ipv4Packet(
  source: string,
  destination: string,
  protocol: number,
  content: Uint8Array,
  fragment = 0,
): Uint8Array {
  return bytesOf(
    false,
    [2, 0x4500],
    [2, content.length + 20],
    [2, 7],
    [2, fragment],
    [1, 64],
    [1, protocol],
    [2, 0],
    ipv4(source),
    ipv4(destination),
    content,
  );
}

/** @param next the number of the first header; `headers` are extension headers, which name what follows */
export function ipv6Packet(source: Uint8Array, destination: Uint8Array, next: number, content: Uint8Array): Uint8Array {
  return bytesOf(false, [4, 0x6000_0000], [2, content.length], [1, next], [1, 64], source, destination, content);
}

function ipv4(address: string): Uint8Array {
  return Uint8Array.from(address.split('.').map(Number));
}

/** An Ethernet frame around an IP packet. @param tags VLAN tags: EtherType and number */
export function ethernetFrame(packet: Uint8Array, tags: readonly (readonly [number, number])[] = []): Uint8Array {
  const version = (packet[0] ?? 0) >> 4;
  const tagBytes = tags.map(([type, number]) => bytesOf(false, [2, type], [2, number]));
  return bytesOf(
    false,
    Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1),
    Buffer.concat(tagBytes),
    [2, version === 4 ? 0x0800 : 0x86dd],
    packet,
  );
}

/** A whole Ethernet frame with a TCP segment in IPv4. */
export function tcpFrame(fields: TcpFields): Uint8Array {
  return ethernetFrame(ipv4Packet(fields.source, fields.destination, protocolNumbers.tcp, tcpSegment(fields)));
}

export interface DnsFields {
  readonly id: number;
  readonly name: string;
  readonly response?: boolean;
  readonly code?: number;
}

/** A query for an A record, or a response without a record. */
export function dnsBytes({ id, name, response = false, code = 0 }: DnsFields): Uint8Array {
  const labels = name.split('.').map((label) => bytesOf(false, [1, label.length], Buffer.from(label)));
  return bytesOf(
    false,
    [2, id],
    [2, (response ? 0x8180 : 0x0100) | code],
    [2, 1],
    [2, 0],
    [4, 0],
    Buffer.concat(labels),
    [1, 0],
    [2, 1],
    [2, 1],
  );
}

/** The answer to a query: one address, or NXDOMAIN for a name that begins with `gone`. */
export function dnsAnswer(query: Uint8Array): Uint8Array {
  const isGone = Buffer.from(query.subarray(13, 17)).toString() === 'gone';
  // The question ends with a type and a class behind the name.
  let end = 12;
  while ((query[end] ?? 0) !== 0) end += 1 + (query[end] ?? 0);
  const question = query.subarray(12, end + 5);
  const record = bytesOf(false, [2, 0xc00c], [2, 1], [2, 1], [4, 60], [2, 4], Uint8Array.of(10, 1, 2, 3));
  return bytesOf(
    false,
    query.subarray(0, 2),
    [2, isGone ? 0x8183 : 0x8180],
    [2, 1],
    [2, isGone ? 0 : 1],
    [4, 0],
    question,
    isGone ? new Uint8Array(0) : record,
  );
}
