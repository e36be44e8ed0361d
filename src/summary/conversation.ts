import type { Application } from './application.ts';
import type { DnsState } from './dns.ts';
import { createTcp, type Tcp } from './tcpAnalysis.ts';

/** What is told apart: protocols with ports, and the rest of IP by the pair of addresses. */
export type ConversationProtocol = 'tcp' | 'udp' | 'icmp' | 'other';

/** One of the two ends. */
export interface Side {
  /** In the table of addresses. */
  address: number;
  /** 0 for protocols without ports. */
  port: number;
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
  protocol: ConversationProtocol;
  readonly low: Side;
  readonly high: Side;
  /** The interface that counts: the first that saw it. */
  point: number;
  /** Packets of it on other interfaces, which do not count. */
  elsewhere: number;
  first: number;
  last: number;
  /** Which end began: the one that sent the SYN, else the first one that was seen, unless its port is a known one. */
  opener: 'low' | 'high';
  /** The opener is known by a SYN. */
  opened: boolean;
  tcp: Tcp | undefined;
  /** What is said over TCP. */
  application: Application | undefined;
  /** Over UDP. */
  dns: DnsState | undefined;
  /** Answers with a code that is not NOERROR. */
  dnsFailures: number;
  /** The next one with the same hash. */
  next: Conversation | undefined;
}

/** What is known of a conversation when its first packet comes. */
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

/**
 * A new conversation.
 * @param used one that nobody needs any more, whose memory becomes that of the new one: hundreds of thousands of
 * clients that come once would leave as much garbage
 */
export function createConversation(made: NewConversation, used?: Conversation): Conversation {
  const { protocol, point, time, opener } = made;
  const one = used ?? emptyConversation();
  resetSide(one.low, made.lowAddress, made.lowPort);
  resetSide(one.high, made.highAddress, made.highPort);
  one.protocol = protocol;
  one.point = point;
  one.elsewhere = 0;
  one.first = time;
  one.last = time;
  one.opener = opener;
  one.opened = false;
  one.tcp = protocol === 'tcp' ? createTcp(one.tcp) : undefined;
  one.application = undefined;
  one.dns = undefined;
  one.dnsFailures = 0;
  one.next = undefined;
  return one;
}

function emptyConversation(): Conversation {
  return {
    protocol: 'other',
    low: emptySide(),
    high: emptySide(),
    point: 0,
    elsewhere: 0,
    first: 0,
    last: 0,
    opener: 'low',
    opened: false,
    tcp: undefined,
    application: undefined,
    dns: undefined,
    dnsFailures: 0,
    next: undefined,
  };
}

function emptySide(): Side {
  return { address: 0, port: 0, packets: 0, bytes: 0, retransmissions: 0, outOfOrder: 0, resets: 0, zeroWindows: 0 };
}

function resetSide(side: Side, address: number, port: number): void {
  side.address = address;
  side.port = port;
  side.packets = 0;
  side.bytes = 0;
  side.retransmissions = 0;
  side.outOfOrder = 0;
  side.resets = 0;
  side.zeroWindows = 0;
}
