import {
  createConversation,
  type Conversation,
  type ConversationProtocol,
  type NewConversation,
  type Side,
} from './conversation.ts';

/** Conversations by their ends, a bounded number of them. */
export interface Conversations {
  /** The latest between these ends; the low end first. */
  find(
    protocol: ConversationProtocol,
    lowAddress: number,
    lowPort: number,
    highAddress: number,
    highPort: number,
  ): Conversation | undefined;
  /** A new one, in place of an older one between the same ends. */
  add(made: NewConversation): Conversation;
  /** All that are kept, in order of their beginning. */
  all(): readonly Conversation[];
  /** The sum of those that are not kept. */
  readonly others: Others;
}

export interface Others {
  conversations: number;
  packets: number;
  bytes: number;
}

/** Nanoseconds after which a conversation counts as over when there are too many. */
const restsAfter = 30e9;

/**
 * @param most how many are kept; when there are more, those that rest and have the fewest bytes become a part of
 * `others`
 * @param onLeave called for each of them
 */
export function createConversations(most: number, onLeave: (left: Conversation) => void): Conversations {
  let kept: Conversation[] = [];
  const byHash = new Map<number, Conversation>();
  const others = { conversations: 0, packets: 0, bytes: 0 };

  const find: Conversations['find'] = (protocol, lowAddress, lowPort, highAddress, highPort) => {
    let found = byHash.get(hashOf(protocol, lowAddress, lowPort, highAddress, highPort));
    while (found !== undefined && !isOf(found, protocol, lowAddress, lowPort, highAddress, highPort))
      found = found.next;
    return found;
  };

  const link = (one: Conversation): void => {
    const { protocol, low, high } = one;
    const hash = hashOf(protocol, low.address, low.port, high.address, high.port);
    one.next = byHash.get(hash);
    byHash.set(hash, one);
  };

  const makeRoom = (now: number): void => {
    const order = kept.toSorted(
      (a, b) => Number(isActive(a, now)) - Number(isActive(b, now)) || bytesOf(a) - bytesOf(b),
    );
    const leaving = new Set(order.slice(0, Math.ceil(most / 4)));
    for (const one of leaving) {
      others.conversations += 1;
      others.packets += one.low.packets + one.high.packets;
      others.bytes += bytesOf(one);
      onLeave(one);
    }
    kept = kept.filter((one) => !leaving.has(one));
    byHash.clear();
    for (const one of kept) link(one);
  };

  return {
    others,
    find,
    all: () => kept,
    add(made) {
      if (kept.length >= most) makeRoom(made.time);
      const one = createConversation(made);
      kept.push(one);
      link(one);
      return one;
    },
  };
}

function isActive({ last }: Conversation, now: number): boolean {
  return now - last < restsAfter;
}

/** Of both directions, on the wire. */
export function bytesOf({ low, high }: Conversation): number {
  return low.bytes + high.bytes;
}

/** The end that began. */
export function clientOf({ low, high, opener }: Conversation): Side {
  return opener === 'low' ? low : high;
}

export function serverOf({ low, high, opener }: Conversation): Side {
  return opener === 'low' ? high : low;
}

const protocolNumbers: Readonly<Record<ConversationProtocol, number>> = { tcp: 1, udp: 2, icmp: 3, other: 4 };

function hashOf(
  protocol: ConversationProtocol,
  lowAddress: number,
  lowPort: number,
  highAddress: number,
  highPort: number,
): number {
  const addresses =
    Math.imul(lowAddress, 0x9e37_79b1) ^ Math.imul(highAddress + protocolNumbers[protocol], 0x85eb_ca6b);
  return Math.imul(addresses ^ ((lowPort << 16) | highPort), 0xc2b2_ae35) | 0;
}

function isOf(
  { protocol, low, high }: Conversation,
  wanted: ConversationProtocol,
  lowAddress: number,
  lowPort: number,
  highAddress: number,
  highPort: number,
): boolean {
  return (
    low.port === lowPort &&
    high.port === highPort &&
    low.address === lowAddress &&
    high.address === highAddress &&
    protocol === wanted
  );
}
