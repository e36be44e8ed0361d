import type { Application } from './application.ts';
import type { DnsState } from './dns.ts';
import { createTcp, type Tcp } from './tcpAnalysis.ts';

/** What is told apart: protocols with ports, and the rest of IP by the pair of addresses. */
export type ConversationProtocol = 'tcp' | 'udp' | 'icmp' | 'other';

/** One of the two ends. */
export interface Side {
  /** In the table of addresses. */
  readonly address: number;
  /** 0 for protocols without ports. */
  readonly port: number;
  /** What it has sent. */
  packets: number;
  bytes: number;
  retransmissions: number;
  outOfOrder: number;
  resets: number;
  zeroWindows: number;
}

/**
 * Two ends and what they have said to each other. Times are nanoseconds from the first packet of the whole capture.
 * `low` is the end whose address came first, and of equal ones the one with the lower port.
 */
export interface Conversation {
  readonly protocol: ConversationProtocol;
  readonly low: Side;
  readonly high: Side;
  /** The interface that counts: the first that saw it. */
  point: number;
  /** Packets of it on other interfaces, which do not count. */
  elsewhere: number;
  readonly first: number;
  last: number;
  /** Which end began: the one that sent the SYN, else the first one that was seen, unless its port is a known one. */
  opener: 'low' | 'high';
  /** The opener is known by a SYN. */
  opened: boolean;
  readonly tcp: Tcp | undefined;
  /** What is said over TCP. */
  application: Application | undefined;
  /** Over UDP, while an answer is awaited. */
  dns: DnsState | undefined;
  /** Answers with a code that is not NOERROR. */
  dnsFailures: number;
  /** The next one with the same hash. */
  next: Conversation | undefined;
}

export interface NewConversation {
  readonly protocol: ConversationProtocol;
  readonly lowAddress: number;
  readonly lowPort: number;
  readonly highAddress: number;
  readonly highPort: number;
  readonly point: number;
  readonly time: number;
  readonly opener: 'low' | 'high';
}

export function createConversation(made: NewConversation): Conversation {
  const { protocol, point, time, opener } = made;
  return {
    protocol,
    low: createSide(made.lowAddress, made.lowPort),
    high: createSide(made.highAddress, made.highPort),
    point,
    elsewhere: 0,
    first: time,
    last: time,
    opener,
    opened: false,
    tcp: protocol === 'tcp' ? createTcp() : undefined,
    application: undefined,
    dns: undefined,
    dnsFailures: 0,
    next: undefined,
  };
}

function createSide(address: number, port: number): Side {
  return { address, port, packets: 0, bytes: 0, retransmissions: 0, outOfOrder: 0, resets: 0, zeroWindows: 0 };
}
