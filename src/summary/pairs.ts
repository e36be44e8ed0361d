import type { Conversation } from './conversation.ts';
import { bytesOf, clientOf, serverOf } from './conversations.ts';

/** Who talks to whom: the sum of all conversations between two addresses, a bounded number of them. */
export interface Pairs {
  /** Adds a conversation that is not counted any more. */
  add(conversation: Conversation): void;
  /** All that are kept. */
  all(): readonly PairCount[];
  /** Keeps half of the pairs that there may be: those with errors, then those with the most bytes. */
  makeRoom(): void;
  /** The sum of those that are not kept. */
  readonly others: OtherPairs;
}

/** The sum of pairs. */
export interface OtherPairs {
  pairs: number;
  conversations: number;
  packets: number;
  bytes: number;
  /** Pairs with errors. */
  troubled: number;
}

/** The sum of a pair; bytes are those on the wire. */
export interface PairCount {
  readonly low: number;
  readonly high: number;
  /** Conversations that `low` began. */
  lowBegan: number;
  conversations: number;
  packets: number;
  bytes: number;
  /** Protocols, with the port of the server where that says something. */
  readonly protocols: ProtocolBytes[];
  /** Most have none. */
  errors: Map<ErrorKind, number> | undefined;
}

/** `tcp/443` and its bytes. */
export interface ProtocolBytes {
  readonly name: string;
  bytes: number;
}

/** What goes wrong between two addresses. */
export type ErrorKind =
  | 'refused'
  | 'unanswered'
  | 'resets'
  | 'retransmissions'
  | 'zero windows'
  | 'HTTP 5xx'
  | 'DNS failures'
  | 'TLS alerts';

const mostProtocols = 16;

/**
 * @param most how many are kept
 * @param begin what was counted before: it stays as it is
 */
export function createPairs(most: number, begin?: Pairs): Pairs {
  let pairs = new Map<number, PairCount>(begin?.all().map((pair) => [keyOf(pair.low, pair.high), copyOf(pair)]));
  const others: OtherPairs = { pairs: 0, conversations: 0, packets: 0, bytes: 0, troubled: 0, ...begin?.others };
  const makeRoom = (): void => {
    const order = [...pairs].toSorted(
      ([, a], [, b]) => Number(b.errors !== undefined) - Number(a.errors !== undefined) || b.bytes - a.bytes,
    );
    const kept = Math.floor(most / 2);
    pairs = new Map(order.slice(0, kept));
    for (const [, pair] of order.slice(kept)) addOther(others, pair);
  };
  return {
    others,
    makeRoom,
    all: () => [...pairs.values()],
    add(conversation) {
      const [low, high] = endsOf(conversation);
      const key = keyOf(low, high);
      let pair = pairs.get(key);
      if (pair === undefined) {
        if (pairs.size >= most) makeRoom();
        pair = {
          low,
          high,
          lowBegan: 0,
          conversations: 0,
          packets: 0,
          bytes: 0,
          protocols: [],
          errors: undefined,
        };
        pairs.set(key, pair);
      }
      addTo(pair, conversation);
    },
  };
}

function copyOf(pair: PairCount): PairCount {
  return {
    ...pair,
    protocols: pair.protocols.map((one) => ({ ...one })),
    errors: pair.errors === undefined ? undefined : new Map(pair.errors),
  };
}

/** Adds a pair to a sum. */
export function addOther(sum: OtherPairs, { conversations, packets, bytes, errors }: PairCount): void {
  sum.pairs += 1;
  sum.conversations += conversations;
  sum.packets += packets;
  sum.bytes += bytes;
  if (errors !== undefined) sum.troubled += 1;
}

function endsOf({ low, high }: Conversation): [number, number] {
  return low.address < high.address ? [low.address, high.address] : [high.address, low.address];
}

/** There are fewer than 2^24 addresses. */
function keyOf(low: number, high: number): number {
  return low * 2 ** 24 + high;
}

function addTo(pair: PairCount, conversation: Conversation): void {
  const { low, high } = conversation;
  pair.conversations += 1;
  pair.packets += low.packets + high.packets;
  pair.bytes += bytesOf(conversation);
  if (clientOf(conversation).address === pair.low) pair.lowBegan += 1;
  const name = protocolName(conversation);
  const known = pair.protocols.find((one) => one.name === name);
  if (known !== undefined) known.bytes += bytesOf(conversation);
  else if (pair.protocols.length < mostProtocols) pair.protocols.push({ name, bytes: bytesOf(conversation) });
  for (const [kind, count] of errorsOf(conversation))
    if (count > 0) (pair.errors ??= new Map()).set(kind, (pair.errors.get(kind) ?? 0) + count);
}

/** `tcp/443`; a port of a client says nothing. */
function protocolName(conversation: Conversation): string {
  const { protocol } = conversation;
  const { port } = serverOf(conversation);
  return port === 0 || port >= 32_768 ? protocol : `${protocol}/${port}`;
}

/** What went wrong in a conversation. */
export function errorsOf(conversation: Conversation): readonly (readonly [ErrorKind, number])[] {
  const { low, high, application, dnsFailures } = conversation;
  const state = stateOf(conversation);
  return [
    ['refused', state === 'refused' ? 1 : 0],
    ['unanswered', state === 'unanswered' ? 1 : 0],
    ['resets', state === 'refused' ? 0 : low.resets + high.resets],
    ['retransmissions', low.retransmissions + high.retransmissions],
    ['zero windows', low.zeroWindows + high.zeroWindows],
    ['HTTP 5xx', application?.http?.classes[5] ?? 0],
    ['DNS failures', dnsFailures],
    ['TLS alerts', application?.tls?.alerts.filter(isFailure).length ?? 0],
  ];
}

/** `close_notify` and `user_canceled` end a connection as it should end. */
function isFailure(alert: number): boolean {
  return alert !== 0 && alert !== 90;
}

/** What became of a connection whose SYN was captured. */
export function stateOf(conversation: Conversation): 'refused' | 'unanswered' | 'open' {
  const { tcp, opened } = conversation;
  if (tcp === undefined || !opened || tcp.handshake > 0) return 'open';
  const server = serverOf(conversation);
  if (server.packets === 0) return 'unanswered';
  return server.resets > 0 && server.resets === server.packets ? 'refused' : 'open';
}
