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
import { createApplicationTotals, type ApplicationTotals } from './applicationTotals.ts';
import { createClock } from './clock.ts';
import type { ConversationProtocol } from './conversation.ts';
import { createConversations, type Conversations } from './conversations.ts';
import { createDropCounter, type DropCounter } from './drops.ts';
import { createFrame, decodeFrame, protocols, type Frame } from './frame.ts';
import { icmpError } from './icmp.ts';
import { createPairs, type Pairs } from './pairs.ts';
import { createPoints } from './points.ts';
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
  readonly talkers: readonly TalkerCount[];
  readonly addresses: Addresses;
  readonly conversations: Conversations;
  readonly pairs: Pairs;
  readonly drops: DropCounter;
  readonly application: ApplicationTotals;
  readonly transport: TransportTotals;
  readonly icmp: ReadonlyMap<string, IcmpCount>;
}

export interface IcmpCount {
  readonly what: string;
  /** Who sent it. */
  readonly address: number;
  count: number;
}

export interface TalkerCount {
  sentPackets: number;
  sentBytes: number;
  receivedPackets: number;
  receivedBytes: number;
}

export interface CounterLimits {
  readonly conversations: number;
  readonly addresses: number;
}

/** Some 100 MB at most. */
export const counterLimits: CounterLimits = { conversations: 20_000, addresses: 65_536 };

const mostIcmp = 1000;

export function createCounter(limits: CounterLimits = counterLimits): Counter {
  const addresses = createAddresses(limits.addresses);
  const points = createPoints();
  const clock = createClock();
  const drops = createDropCounter();
  const application = createApplicationTotals();
  const pairs = createPairs(limits.conversations);
  const conversations = createConversations(limits.conversations, (left) => pairs.add(left));
  const frame = createFrame();
  const transport = createTransport(conversations, application, frame);
  const byProtocol = new Map<string, { packets: number; bytes: number }>();
  const talkers: TalkerCount[] = [];
  const icmp = new Map<string, IcmpCount>();
  const sums = { earliest: 0, latest: 0, packets: 0, bytes: 0, cut: 0, seenTwice: 0 };

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
  };

  const countIp = (time: number, bytes: number, point: number): void => {
    const version = frame.version === 6 ? 6 : 4;
    const source = addresses.numberOf(frame.bytes, frame.source, version);
    const destination = addresses.numberOf(frame.bytes, frame.destination, version);
    const protocol = protocolOf(frame);
    if (source === -1 || destination === -1) {
      conversations.others.packets += 1;
      conversations.others.bytes += bytes;
    } else if (transport.count(protocol, source, destination, time, bytes, point)) {
      talk(talkers, source, destination, bytes);
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
      else if (record.type === 'names') setNames(addresses, record);
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
      };
    },
  };
}

/** Of several names, Wireshark shows the last one. A name that is the address itself takes the name back. */
function setNames(addresses: Addresses, record: CaptureNames): void {
  for (const { address, names } of readNames(record)) {
    const [bytes, name] = [parseAddress(address), names.at(-1)];
    if (bytes !== undefined) addresses.setName(bytes, name === address ? undefined : name);
  }
}

function talk(talkers: TalkerCount[], source: number, destination: number, bytes: number): void {
  const from = talkerAt(talkers, source);
  from.sentPackets += 1;
  from.sentBytes += bytes;
  const to = talkerAt(talkers, destination);
  to.receivedPackets += 1;
  to.receivedBytes += bytes;
}

function talkerAt(talkers: TalkerCount[], address: number): TalkerCount {
  // Names take numbers, too.
  while (talkers.length <= address)
    talkers.push({ sentPackets: 0, sentBytes: 0, receivedPackets: 0, receivedBytes: 0 });
  return talkers[address] as TalkerCount;
}

function protocolOf({ protocol }: Frame): ConversationProtocol {
  if (protocol === protocols.tcp) return 'tcp';
  if (protocol === protocols.udp) return 'udp';
  return protocol === protocols.icmp || protocol === protocols.icmp6 ? 'icmp' : 'other';
}
