import {
  parseAddress,
  readNames,
  type CaptureInterface,
  type CaptureNames,
  type CaptureRecord,
  type ScannedPacket,
  type ScanVisitor,
} from '../pcapng/index.ts';
import { createAddresses, type Addresses } from './addressTable.ts';
import { leave } from './application.ts';
import { createApplicationTotals, type ApplicationTotals } from './applicationTotals.ts';
import { createClock } from './clock.ts';
import type { ConversationProtocol } from './conversation.ts';
import { createConversations, type Conversations } from './conversations.ts';
import { createDropCounter, type DropCounter } from './drops.ts';
import { createFrame, decodeFrame, protocols, type Frame } from './frame.ts';
import { icmpError } from './icmp.ts';
import { createPairs, stateOf, type Pairs } from './pairs.ts';
import { createPoints } from './points.ts';
import { forgetAddresses } from './room.ts';
import { createTalkers, type Talkers } from './talkers.ts';
import { createTransport, type TransportTotals } from './transport.ts';

/** Counts what a capture says, while it is read once, in bounded memory. */
export interface Counter extends ScanVisitor {
  /** Another file begins. */
  nextFile(): void;
  readonly counts: Counts;
}

/** All that was counted; `summarize` makes a {@link Summary} of it. Times are nanoseconds from `base` on. */
export interface Counts {
  /** Nanoseconds since 1970 of the first packet. */
  readonly base: bigint | undefined;
  readonly earliest: number;
  readonly latest: number;
  readonly packets: number;
  readonly bytes: number;
  readonly cut: number;
  readonly seenTwice: number;
  readonly protocols: ReadonlyMap<string, { readonly packets: number; readonly bytes: number }>;
  readonly talkers: Talkers;
  readonly addresses: Addresses;
  readonly conversations: Conversations;
  readonly pairs: Pairs;
  readonly drops: DropCounter;
  readonly application: ApplicationTotals;
  readonly transport: TransportTotals;
  readonly icmp: ReadonlyMap<string, IcmpCount>;
  /** Errors of ICMP that are not in `icmp`. */
  readonly otherIcmp: number;
  readonly left: LeftTotals;
}

/** What is said of conversations that are not kept any more. */
export interface LeftTotals {
  /** Refused, or not answered. */
  unanswered: number;
  tls: number;
}

/** Errors of ICMP of one kind from one sender. */
export interface IcmpCount {
  readonly what: string;
  /** Who sent it. */
  readonly address: number;
  count: number;
}

/** How much is kept at a time. */
export interface CounterLimits {
  /** Also of pairs of addresses. */
  readonly conversations: number;
  readonly addresses: number;
}

/** Some 100 MB at most, however many there are in the capture. */
export const counterLimits: CounterLimits = { conversations: 10_000, addresses: 65_536 };

const mostIcmp = 1000;

/** Counts what is given to it. @param limits how much is kept at a time; the rest becomes sums */
export function createCounter(limits: CounterLimits = counterLimits): Counter {
  const addresses = createAddresses(limits.addresses);
  const points = createPoints();
  const clock = createClock();
  const drops = createDropCounter();
  const application = createApplicationTotals();
  const pairs = createPairs(limits.conversations);
  const left: LeftTotals = { unanswered: 0, tls: 0 };
  const conversations = createConversations(limits.conversations, (one) => {
    pairs.add(one);
    if (stateOf(one) !== 'open') left.unanswered += 1;
    if (one.application?.tls !== undefined) left.tls += 1;
    if (one.application !== undefined) leave(one.application);
  });
  const frame = createFrame();
  const transport = createTransport(conversations, application, frame);
  const byProtocol = new Map<string, { packets: number; bytes: number }>();
  const talkers = createTalkers();
  const icmp = new Map<string, IcmpCount>();
  const sums = { earliest: 0, latest: 0, packets: 0, bytes: 0, cut: 0, seenTwice: 0, otherIcmp: 0 };

  const addProtocol = (name: string, bytes: number): void => {
    const count = byProtocol.get(name);
    if (count === undefined) byProtocol.set(name, { packets: 1, bytes });
    else {
      count.packets += 1;
      count.bytes += bytes;
    }
  };

  const countIcmp = (source: number): void => {
    const what = icmpError(frame);
    if (what === undefined) return;
    const key = `${source} ${what}`;
    const found = icmp.get(key);
    if (found !== undefined) found.count += 1;
    else if (icmp.size < mostIcmp) icmp.set(key, { what, address: source, count: 1 });
    else sums.otherIcmp += 1;
  };

  /** @param numbers of addresses that are needed next */
  const reserve = (numbers: number): void => {
    if (addresses.free < numbers)
      forgetAddresses({ addresses, talkers, pairs, conversations, application, icmp }, limits.addresses);
  };

  const countIp = (time: number, bytes: number, point: number): void => {
    const version = frame.version === 6 ? 6 : 4;
    reserve(2);
    const source = addresses.numberOf(frame.bytes, frame.source, version);
    const destination = addresses.numberOf(frame.bytes, frame.destination, version);
    const protocol = protocolOf(frame);
    if (source === -1 || destination === -1) {
      conversations.others.packets += 1;
      conversations.others.bytes += bytes;
      talkers.addOther(bytes);
    } else if (transport.count(protocol, source, destination, time, bytes, point)) {
      talkers.add(source, destination, bytes);
      if (protocol === 'icmp') countIcmp(source);
    } else {
      sums.seenTwice += 1;
      return;
    }
    addProtocol(protocol, bytes);
  };

  const countPacket = (
    captured: CaptureInterface,
    time: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    originalLength: number,
  ): void => {
    if (sums.packets === 0 || time < sums.earliest) sums.earliest = time;
    if (sums.packets === 0 || time > sums.latest) sums.latest = time;
    sums.packets += 1;
    sums.bytes += originalLength;
    if (end - start < originalLength) sums.cut += 1;
    const isKnown = decodeFrame(frame, captured.linkType, bytes, start, end, originalLength);
    if (!isKnown) addProtocol(`link type ${captured.linkType}`, originalLength);
    else if (frame.version === 0) addProtocol('not IP', originalLength);
    else countIp(time, originalLength, points.numberOf(captured));
  };

  return {
    nextFile: () => points.nextFile(),
    packet(packet: ScannedPacket) {
      const { interface: captured, bytes, start, end, originalLength } = packet;
      countPacket(captured, clock.scanned(packet), bytes, start, end, originalLength);
    },
    record(record: CaptureRecord) {
      if (record.type === 'packet') {
        drops.packet(record);
        const { data, interface: captured, originalLength } = record;
        countPacket(captured, clock.read(record), data, 0, data.length, originalLength);
      } else if (record.type === 'statistics') drops.statistics(record);
      else if (record.type === 'names') setNames(addresses, record, reserve);
    },
    get counts() {
      return {
        base: clock.base,
        ...sums,
        protocols: byProtocol,
        talkers,
        addresses,
        conversations,
        pairs,
        drops,
        application,
        transport: transport.totals,
        icmp,
        left,
      };
    },
  };
}

/** Of several names, Wireshark shows the last one. A name that is the address itself takes the name back. */
function setNames(addresses: Addresses, record: CaptureNames, reserve: (numbers: number) => void): void {
  for (const { address, names } of readNames(record)) {
    const [bytes, name] = [parseAddress(address), names.at(-1)];
    if (bytes === undefined) continue;
    reserve(1);
    addresses.setName(bytes, name === address ? undefined : name);
  }
}

function protocolOf({ protocol }: Frame): ConversationProtocol {
  if (protocol === protocols.tcp) return 'tcp';
  if (protocol === protocols.udp) return 'udp';
  return protocol === protocols.icmp || protocol === protocols.icmp6 ? 'icmp' : 'other';
}
