import { formatTime } from '../time.ts';
import type { ServerTotals } from './applicationTotals.ts';
import type { Conversation, Side } from './conversation.ts';
import { bytesOf, clientOf, serverOf } from './conversations.ts';
import type { Counts } from './counter.ts';
import { addOther, createPairs, stateOf, type PairCount, type Pairs } from './pairs.ts';
import type {
  Amount,
  ConversationList,
  ConversationSummary,
  Counted,
  DnsSummary,
  End,
  HttpSummary,
  Pair,
  ServerTimes,
  Summary,
  Talker,
} from './summary.ts';
import type { Tally } from './tally.ts';
import { alertName, tlsVersionName } from './tls.ts';

/**
 * What was counted so far. Pure; counting may go on.
 * @param top rows of each list; undefined: all that are kept
 * @param topPairs rows of the list of pairs
 */
export function summarize(counts: Counts, top?: number, topPairs = top): Summary {
  const { base, earliest, latest, conversations, transport, application, addresses } = counts;
  const all = conversations.all();
  const pairs = pairsOf(counts, all);
  const [byBytes, troubled] = [sortedByBytes(pairs), sortedByTrouble(pairs)];
  const talkers = talkersOf(counts);
  const icmp = [...counts.icmp.values()]
    .map(({ what, address, count }) => ({ what, from: endOf(addresses, { address, port: 0 }), count }))
    .toSorted((a, b) => b.count - a.count || compare(a.from, b.from));
  const dns = dnsOf(counts, top);
  const http = httpOf(counts, top);
  return {
    schema: 1,
    from: base === undefined ? null : momentText(base, earliest),
    to: base === undefined ? null : momentText(base, latest),
    seconds: seconds(latest - earliest),
    packets: counts.packets,
    bytes: counts.bytes,
    cut: counts.cut,
    seenTwice: counts.seenTwice,
    protocols: [...counts.protocols]
      .map(([protocol, { packets, bytes }]) => ({ protocol, packets, bytes }))
      .toSorted((a, b) => b.bytes - a.bytes || (a.protocol < b.protocol ? -1 : 1)),
    drops: counts.drops.list(),
    tcp: {
      connections: transport.connections,
      handshakes: transport.handshakes.summary() ?? null,
      retransmissions: transport.retransmissions,
      outOfOrder: transport.outOfOrder,
      zeroWindows: transport.zeroWindows,
      resets: transport.resets,
      unanswered: counts.left.unanswered + all.filter((one) => stateOf(one) !== 'open').length,
    },
    conversations: conversationList(counts, all, top),
    talkers: talkers.slice(0, top).map((address) => talkerOf(counts, address)),
    pairs: byBytes.slice(0, topPairs).map((pair) => pairSummary(addresses, pair)),
    troubled: troubled.slice(0, top).map((pair) => pairSummary(addresses, pair)),
    dns,
    tls: {
      connections: counts.left.tls + all.filter((one) => one.application?.tls !== undefined).length,
      serverNames: countedOf(application.tls.serverNames, top),
      versions: countedOf(application.tls.versions, top),
      alerts: countedOf(application.tls.alerts, top),
    },
    http,
    icmpErrors: icmp.slice(0, top),
    others: {
      talkers: otherTalkers(counts, top === undefined ? [] : talkers.slice(top)),
      pairs: otherPairs(pairs, topPairs === undefined ? [] : byBytes.slice(topPairs)),
      troubled: pairs.others.troubled + Math.max(0, troubled.length - (top ?? troubled.length)),
      dnsFailures: failuresOf(counts) - sumOf(dns.failures),
      dnsTimes: (dns.times?.count ?? 0) - sumOf(dns.servers.map(({ times }) => times)),
      httpTimes: (http.times?.count ?? 0) - sumOf(http.servers.map(({ times }) => times)),
      icmpErrors: counts.otherIcmp + sumOf(icmp) - sumOf(icmp.slice(0, top)),
    },
  };
}

function sumOf(rows: readonly { readonly count: number }[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0);
}

function seconds(nanoseconds: number): number {
  return nanoseconds / 1e9;
}

/** The last second of the years that a Date can hold. */
const lastMoment = 8_640_000_000_000_000_000_000n;

/** What a damaged file says may be no time at all. */
function momentText(base: bigint, time: number): string {
  const nanoseconds = base + BigInt(time);
  return nanoseconds < lastMoment && nanoseconds > -lastMoment ? formatTime(nanoseconds) : 'unknown';
}

function endOf(addresses: Counts['addresses'], { address, port }: Pick<Side, 'address' | 'port'>): End {
  const name = addresses.nameOf(address);
  return {
    address: addresses.textOf(address),
    ...(port === 0 ? {} : { port }),
    ...(name === undefined ? {} : { name }),
  };
}

function compare(a: End, b: End): number {
  const [left, right] = [endText(a), endText(b)];
  return left === right ? 0 : left < right ? -1 : 1;
}

function endText({ address, port = 0 }: End): string {
  return `${address} ${String(port).padStart(5, '0')}`;
}

function conversationList(
  { conversations: { others }, addresses }: Counts,
  all: readonly Conversation[],
  top = Number.POSITIVE_INFINITY,
): ConversationList {
  const sorted = all.toSorted((a, b) => bytesOf(b) - bytesOf(a) || a.first - b.first);
  const left = sorted.slice(Math.min(top, sorted.length));
  return {
    list: sorted.slice(0, Math.min(top, sorted.length)).map((one) => conversationSummary(addresses, one)),
    others: {
      conversations: others.conversations + left.length,
      packets: left.reduce((sum, { low, high }) => sum + low.packets + high.packets, others.packets),
      bytes: left.reduce((sum, one) => sum + bytesOf(one), others.bytes),
    },
  };
}

function conversationSummary(addresses: Counts['addresses'], one: Conversation): ConversationSummary {
  const { protocol, low, high, first, last, tcp, application, elsewhere } = one;
  const [client, server] = [clientOf(one), serverOf(one)];
  return {
    protocol,
    client: endOf(addresses, client),
    server: endOf(addresses, server),
    fromClient: amountOf(client),
    fromServer: amountOf(server),
    start: seconds(first),
    seconds: seconds(last - first),
    ...(tcp === undefined
      ? {}
      : {
          tcp: {
            ...(tcp.handshake > 0 ? { handshake: seconds(tcp.handshake) } : {}),
            retransmissions: low.retransmissions + high.retransmissions,
            outOfOrder: low.outOfOrder + high.outOfOrder,
            zeroWindows: low.zeroWindows + high.zeroWindows,
            resets: low.resets + high.resets,
            state: stateOf(one),
          },
        }),
    ...(application?.tls === undefined ? {} : { tls: tlsOf(application.tls) }),
    ...(application?.http === undefined
      ? {}
      : {
          http: {
            requests: application.http.requests,
            responses: application.http.responses,
            errors: (application.http.classes[4] ?? 0) + (application.http.classes[5] ?? 0),
          },
        }),
    ...(elsewhere === 0 ? {} : { seenTwice: elsewhere }),
  };
}

function tlsOf({
  serverName,
  version,
  alerts,
}: NonNullable<NonNullable<Conversation['application']>['tls']>): NonNullable<ConversationSummary['tls']> {
  return {
    ...(serverName === undefined ? {} : { serverName }),
    ...(version === undefined ? {} : { version: tlsVersionName(version) }),
    ...(alerts.length === 0 ? {} : { alerts: alerts.map(alertName) }),
  };
}

function amountOf({ packets, bytes }: Side): Amount {
  return { packets, bytes };
}

/** Numbers of addresses, the most bytes first. */
function talkersOf({ talkers, addresses }: Counts): number[] {
  const rows: { readonly address: number; readonly bytes: number }[] = [];
  for (let address = 0; address < addresses.end; address += 1) {
    const { sentPackets, sentBytes, receivedPackets, receivedBytes } = talkers.of(address);
    if (sentPackets + receivedPackets > 0) rows.push({ address, bytes: sentBytes + receivedBytes });
  }
  return rows.toSorted((a, b) => b.bytes - a.bytes || a.address - b.address).map(({ address }) => address);
}

function talkerOf({ talkers, addresses }: Counts, address: number): Talker {
  const { sentPackets, sentBytes, receivedPackets, receivedBytes } = talkers.of(address);
  return {
    ...endOf(addresses, { address, port: 0 }),
    sent: { packets: sentPackets, bytes: sentBytes },
    received: { packets: receivedPackets, bytes: receivedBytes },
  };
}

function otherTalkers({ talkers }: Counts, left: readonly number[]): Summary['others']['talkers'] {
  const sum = { ...talkers.others };
  for (const address of left) {
    const { sentPackets, sentBytes, receivedPackets, receivedBytes } = talkers.of(address);
    sum.addresses += 1;
    sum.sentPackets += sentPackets;
    sum.sentBytes += sentBytes;
    sum.receivedPackets += receivedPackets;
    sum.receivedBytes += receivedBytes;
  }
  return {
    addresses: sum.addresses,
    sent: { packets: sum.sentPackets, bytes: sum.sentBytes },
    received: { packets: sum.receivedPackets, bytes: sum.receivedBytes },
  };
}

/** All pairs, with the conversations that are kept. */
function pairsOf({ pairs }: Counts, all: readonly Conversation[]): Pairs {
  const sum = createPairs(Number.POSITIVE_INFINITY, pairs);
  for (const one of all) sum.add(one);
  return sum;
}

function otherPairs({ others }: Pairs, left: readonly PairCount[]): Summary['others']['pairs'] {
  const sum = { ...others };
  for (const pair of left) addOther(sum, pair);
  const { pairs, conversations, packets, bytes } = sum;
  return { pairs, conversations, packets, bytes };
}

function sortedByBytes(pairs: Pairs): PairCount[] {
  return pairs.all().toSorted((a, b) => b.bytes - a.bytes || byNumber(a, b));
}

/** Those with errors, the worst first. */
function sortedByTrouble(pairs: Pairs): PairCount[] {
  return pairs
    .all()
    .filter(({ errors }) => errors !== undefined)
    .toSorted((a, b) => weightOf(b) - weightOf(a) || byNumber(a, b));
}

/** In the order in which their addresses came. */
function byNumber(a: PairCount, b: PairCount): number {
  return a.low - b.low || a.high - b.high;
}

function pairSummary(addresses: Counts['addresses'], pair: PairCount): Pair {
  const { low, high, lowBegan, conversations, packets, bytes, protocols, errors } = pair;
  const lowIsClient = lowBegan * 2 >= conversations;
  return {
    client: endOf(addresses, { address: lowIsClient ? low : high, port: 0 }),
    server: endOf(addresses, { address: lowIsClient ? high : low, port: 0 }),
    protocols: protocols.toSorted((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1)).map(({ name }) => name),
    conversations,
    packets,
    bytes,
    errors: [...(errors ?? [])].map(([what, count]) => ({ what, count })),
  };
}

/** Some segments are lost in every network. */
function weightOf({ errors }: PairCount): number {
  let weight = 0;
  for (const [kind, count] of errors ?? [])
    weight += kind === 'retransmissions' || kind === 'zero windows' ? count : count * 1000;
  return weight;
}

/** The most frequent ones, then the sum of the others. */
function countedOf(tally: Tally, top?: number): Counted[] {
  const rows = tally.sorted().map(({ text, count }) => ({ what: text, count }));
  const kept = rows.slice(0, top);
  const others = tally.others + sumOf(rows) - sumOf(kept);
  return others === 0 ? kept : [...kept, { what: 'others', count: others }];
}

/** Failures of DNS, listed or not. */
function failuresOf({ application: { dns } }: Counts): number {
  return dns.failures.others + sumOf(dns.failures.sorted());
}

function dnsOf({ application: { dns }, addresses }: Counts, top?: number): DnsSummary {
  return {
    queries: dns.queries,
    repeated: dns.repeated,
    responses: dns.responses,
    codes: countedOf(dns.codes),
    failures: dns.failures
      .sorted()
      .slice(0, top)
      .map(({ text, count }) => {
        const space = text.indexOf(' ');
        return { code: text.slice(0, space), name: text.slice(space + 1), count };
      }),
    times: dns.times.summary() ?? null,
    servers: serversOf(dns.servers, addresses).slice(0, top),
  };
}

function httpOf({ application: { http }, addresses }: Counts, top?: number): HttpSummary {
  return {
    requests: http.requests,
    responses: http.responses,
    methods: countedOf(http.methods),
    statuses: countedOf(http.statuses),
    times: http.times.summary() ?? null,
    servers: serversOf(http.servers, addresses).slice(0, top),
  };
}

function serversOf(servers: ServerTotals, addresses: Counts['addresses']): ServerTimes[] {
  return [...servers.values()]
    .flatMap(({ address, port, times }) => {
      const summary = times.summary();
      return summary === undefined ? [] : [{ server: endOf(addresses, { address, port }), times: summary }];
    })
    .toSorted((a, b) => b.times.count - a.times.count || compare(a.server, b.server));
}
