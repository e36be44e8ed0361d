import type { Conversation } from './conversation.ts';
import { bytesOf, clientOf, serverOf } from './conversations.ts';

/** Who talks to whom: the sum of all conversations between two addresses. */
export interface Pairs {
  add(conversation: Conversation): void;
  all(): readonly PairCount[];
}

export interface PairCount {
  readonly low: number;
  readonly high: number;
  /** Conversations that `low` began. */
  lowBegan: number;
  conversations: number;
  packets: number;
  bytes: number;
  /** By protocol, and port of the server where there are few. */
  readonly protocols: Map<string, number>;
  /** Most have none. */
  errors: Map<ErrorKind, number> | undefined;
}

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

/** @param begin what was counted before: it stays as it is */
export function createPairs(most: number, begin: readonly PairCount[] = []): Pairs {
  const pairs = new Map<string, PairCount>(
    begin.map((pair) => [
      keyOf(pair.low, pair.high),
      {
        ...pair,
        protocols: new Map(pair.protocols),
        errors: pair.errors === undefined ? undefined : new Map(pair.errors),
      },
    ]),
  );
  return {
    all: () => [...pairs.values()],
    add(conversation) {
      const { low, high } = conversation;
      const key = keyOf(low.address, high.address);
      let pair = pairs.get(key);
      if (pair === undefined) {
        if (pairs.size >= most) return;
        pair = {
          low: Math.min(low.address, high.address),
          high: Math.max(low.address, high.address),
          lowBegan: 0,
          conversations: 0,
          packets: 0,
          bytes: 0,
          protocols: new Map(),
          errors: undefined,
        };
        pairs.set(key, pair);
      }
      addTo(pair, conversation);
    },
  };
}

function keyOf(one: number, other: number): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

function addTo(pair: PairCount, conversation: Conversation): void {
  const { low, high } = conversation;
  pair.conversations += 1;
  pair.packets += low.packets + high.packets;
  pair.bytes += bytesOf(conversation);
  if (clientOf(conversation).address === pair.low) pair.lowBegan += 1;
  const name = protocolName(conversation);
  if (pair.protocols.has(name) || pair.protocols.size < mostProtocols)
    pair.protocols.set(name, (pair.protocols.get(name) ?? 0) + bytesOf(conversation));
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
