import type { InterfaceDrops } from './drops.ts';
import type { TimesSummary } from './times.ts';

/**
 * What a capture says: the JSON of `summary -o json`. Fields may be added, and none will be renamed. Times are seconds,
 * moments RFC 3339 with nanoseconds; bytes are those on the wire, however many were captured.
 */
export interface Summary {
  readonly schema: 1;
  /** The first and the last packet; `null` without any. */
  readonly from: string | null;
  readonly to: string | null;
  readonly seconds: number;
  readonly packets: number;
  readonly bytes: number;
  /** Packets of which a part was captured. */
  readonly cut: number;
  /** Packets that another interface had seen already; nothing below counts them. */
  readonly seenTwice: number;
  readonly protocols: readonly ProtocolCount[];
  readonly drops: readonly InterfaceDrops[];
  /** Whole numbers over all conversations. */
  readonly tcp: TcpSummary;
  readonly conversations: ConversationList;
  readonly talkers: readonly Talker[];
  /** Pairs of addresses, the most bytes first. */
  readonly pairs: readonly Pair[];
  /** Those of them with errors, the worst first. */
  readonly troubled: readonly Pair[];
  readonly dns: DnsSummary;
  readonly tls: TlsSummary;
  readonly http: HttpSummary;
  readonly icmpErrors: readonly IcmpCount[];
  /** What the lists above leave out. */
  readonly others: OtherSums;
}

/** Sums of what is in no list: rows that `--top` has cut off, and rows that were too many to keep. */
export interface OtherSums {
  /** An address that was forgotten and came again counts twice. */
  readonly talkers: { readonly addresses: number; readonly sent: Amount; readonly received: Amount };
  readonly pairs: {
    readonly pairs: number;
    readonly conversations: number;
    readonly packets: number;
    readonly bytes: number;
  };
  /** Pairs with errors. */
  readonly troubled: number;
  /** Responses of DNS with a failure. */
  readonly dnsFailures: number;
  /** Times of servers that are not in the list. */
  readonly dnsTimes: number;
  readonly httpTimes: number;
  readonly icmpErrors: number;
}

/** Packets of one protocol. Bytes are those on the wire. */
export interface ProtocolCount {
  /** tcp, udp, icmp, other IP, not IP, or a link that is not decoded. */
  readonly protocol: string;
  readonly packets: number;
  readonly bytes: number;
}

/** What is noticeable in all TCP connections together. */
export interface TcpSummary {
  readonly connections: number;
  /** With a SYN and an answer to it. */
  readonly handshakes: TimesSummary | null;
  /** As `tcp.analysis.retransmission`, `out_of_order` and `zero_window` of tshark. */
  readonly retransmissions: number;
  readonly outOfOrder: number;
  readonly zeroWindows: number;
  /** Segments with RST. */
  readonly resets: number;
  /** SYNs to which nobody answered, or a reset did. */
  readonly unanswered: number;
}

/** The conversations with the most bytes, and the sums of all others. */
export interface ConversationList {
  /** The most bytes first. */
  readonly list: readonly ConversationSummary[];
  /** Those that were too many to keep, and those that `--top` has cut off. */
  readonly others: { readonly conversations: number; readonly packets: number; readonly bytes: number };
}

/** One end of a conversation. */
export interface End {
  readonly address: string;
  /** Absent for protocols without ports. */
  readonly port?: number;
  /** As the capture's name resolution blocks have it. */
  readonly name?: string;
}

/** One conversation. Times are in seconds. */
export interface ConversationSummary {
  readonly protocol: string;
  /** The end that began, as far as that is known. */
  readonly client: End;
  readonly server: End;
  readonly fromClient: Amount;
  readonly fromServer: Amount;
  /** After the first packet of the capture. */
  readonly start: number;
  readonly seconds: number;
  readonly tcp?: ConversationTcp;
  readonly tls?: { readonly serverName?: string; readonly version?: string; readonly alerts?: readonly string[] };
  readonly http?: { readonly requests: number; readonly responses: number; readonly errors: number };
  /** Packets of it that were seen on other interfaces, too. */
  readonly seenTwice?: number;
}

/** Packets, and their bytes on the wire. */
export interface Amount {
  readonly packets: number;
  readonly bytes: number;
}

/** What is noticeable in one TCP connection. Times are in seconds. */
export interface ConversationTcp {
  /** From the SYN to the first ACK; absent when one of them was not captured. */
  readonly handshake?: number;
  readonly retransmissions: number;
  readonly outOfOrder: number;
  readonly zeroWindows: number;
  readonly resets: number;
  /** A SYN, and no data from the server. */
  readonly state: 'refused' | 'unanswered' | 'open';
}

/** An address, with what it sent and received in all conversations. */
export interface Talker {
  readonly address: string;
  readonly name?: string;
  readonly sent: Amount;
  readonly received: Amount;
}

/** Two addresses, of which the client is the one that began more often. */
export interface Pair {
  readonly client: End;
  readonly server: End;
  readonly protocols: readonly string[];
  readonly conversations: number;
  readonly packets: number;
  readonly bytes: number;
  /** Connections refused or not answered, retransmissions, resets, HTTP 5xx, DNS failures and TLS alerts. */
  readonly errors: readonly Counted[];
}

/** A text and how often it occurred. */
export interface Counted {
  readonly what: string;
  readonly count: number;
}

/** DNS in the whole capture. */
export interface DnsSummary {
  readonly queries: number;
  /** The same query again, within five seconds. */
  readonly repeated: number;
  readonly responses: number;
  readonly codes: readonly Counted[];
  /** Names that failed, with the code. */
  readonly failures: readonly { readonly code: string; readonly name: string; readonly count: number }[];
  readonly times: TimesSummary | null;
  readonly servers: readonly ServerTimes[];
}

/** How fast a server answers. */
export interface ServerTimes {
  readonly server: End;
  readonly times: TimesSummary;
}

/** TLS in the whole capture, from handshakes and unencrypted alerts. */
export interface TlsSummary {
  readonly connections: number;
  readonly serverNames: readonly Counted[];
  readonly versions: readonly Counted[];
  readonly alerts: readonly Counted[];
}

/** HTTP/1 without encryption, in the whole capture. */
export interface HttpSummary {
  readonly requests: number;
  readonly responses: number;
  readonly methods: readonly Counted[];
  readonly statuses: readonly Counted[];
  readonly times: TimesSummary | null;
  readonly servers: readonly ServerTimes[];
}

/** ICMP errors of one kind from one sender. */
export interface IcmpCount {
  readonly what: string;
  readonly from: End;
  readonly count: number;
}
