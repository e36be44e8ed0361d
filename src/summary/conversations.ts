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

/** The sum of conversations; bytes are those on the wire. */
export interface Others {
  conversations: number;
  packets: number;
  bytes: number;
}

/** Nanoseconds of silence after which a conversation counts as over when there are too many, and as idle. */
const restsAfter = 30e9;
const pausesAfter = 1e9;

/**
 * @param most how many are kept; when there are more, those that are over and have the fewest bytes become a part
 * of `others`
 * @param onLeave called for each of them, before its memory is used again
 */
export function createConversations(most: number, onLeave: (left: Conversation) => void): Conversations {
  const kept: Conversation[] = [];
  /** Left, to be used again. */
  const unused: Conversation[] = [];
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

  const unlink = (one: Conversation): void => {
    const { protocol, low, high } = one;
    const hash = hashOf(protocol, low.address, low.port, high.address, high.port);
    let before = byHash.get(hash);
    if (before === one) {
      if (one.next === undefined) byHash.delete(hash);
      else byHash.set(hash, one.next);
      return;
    }
    while (before !== undefined && before.next !== one) before = before.next;
    if (before !== undefined) before.next = one.next;
  };

  const leave = (one: Conversation): void => {
    others.conversations += 1;
    others.packets += one.low.packets + one.high.packets;
    others.bytes += bytesOf(one);
    onLeave(one);
    one.application = undefined;
    one.dns = undefined;
    unlink(one);
    unused.push(one);
  };

  const makeRoom = (now: number): void => {
    const weights = Float64Array.from(kept, (one) => weightOf(one, now));
    let leaving = Math.ceil(most / 4);
    const limit = weights.toSorted()[leaving - 1] ?? 0;
    // Of those that weigh the same, the oldest leave.
    let equal = leaving - weights.reduce((sum, weight) => sum + Number(weight < limit), 0);
    let size = 0;
    for (const [index, one] of kept.entries()) {
      const weight = weights[index] ?? 0;
      const leaves = leaving > 0 && (weight < limit || (weight === limit && equal > 0));
      if (leaves) {
        leaving -= 1;
        if (weight === limit) equal -= 1;
        leave(one);
      } else {
        kept[size] = one;
        size += 1;
      }
    }
    kept.length = size;
  };

  return {
    others,
    find,
    all: () => kept,
    add(made) {
      if (kept.length >= most) makeRoom(made.time);
      const one = createConversation(made, unused.pop());
      kept.push(one);
      link(one);
      return one;
    },
  };
}

/**
 * What is over or rests leaves first, then what has said nothing for a while or may be over; of these, those with the
 * fewest bytes. A conversation that leaves too early counts twice.
 */
function weightOf(one: Conversation, now: number): number {
  const silence = now - one.last;
  const rank = isOver(one) || silence >= restsAfter ? 0 : silence >= pausesAfter || isAnswered(one) ? 1 : 2;
  return bytesOf(one) + rank * 2 ** 50;
}

/** Most conversations over UDP are a question and its answer. */
function isAnswered({ protocol, low, high }: Conversation): boolean {
  return protocol !== 'tcp' && low.packets > 0 && high.packets > 0;
}

/** Ended by both ends, or reset. */
function isOver({ tcp, low, high }: Conversation): boolean {
  return tcp !== undefined && (tcp.ended === 3 || low.resets + high.resets > 0);
}

/** Of both directions, on the wire. */
export function bytesOf({ low, high }: Conversation): number {
  return low.bytes + high.bytes;
}

/** The end that began. */
export function clientOf({ low, high, opener }: Conversation): Side {
  return opener === 'low' ? low : high;
}

/** The side that did not begin the conversation. */
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
