import { beginData, createApplication, isWatched, leave, readData, type SegmentData } from './application.ts';
import type { ApplicationTotals } from './applicationTotals.ts';
import type { Conversation, ConversationProtocol, Side } from './conversation.ts';
import type { Conversations } from './conversations.ts';
import { createDns, dnsMessage, dnsPort } from './dns.ts';
import type { Frame } from './frame.ts';
import { number16, number32, octet } from './octets.ts';
import { analyze, anyRetransmission, isReused, tcpFlags, verdicts, type Segment, type Tcp } from './tcpAnalysis.ts';
import { createTimes, type Times } from './times.ts';

/** Whole numbers over all connections. */
export interface TransportTotals {
  connections: number;
  readonly handshakes: Times;
  retransmissions: number;
  outOfOrder: number;
  zeroWindows: number;
  resets: number;
}

/** Counts conversations of TCP and UDP. */
export interface Transport {
  readonly totals: TransportTotals;
  /**
   * Counts the packet in the frame for its conversation.
   * @param time nanoseconds
   * @param bytes on the wire
   * @param point the place where it was captured
   * @returns false when another place counts the conversation
   */
  count(
    protocol: ConversationProtocol,
    source: number,
    destination: number,
    time: number,
    bytes: number,
    point: number,
  ): boolean;
}

const tcpHeader = 20;
const udpHeader = 8;
/** Nanoseconds after which another place may count a conversation that the first one sees no more. */
const takesOverAfter = 30e9;

/** @param frame what was decoded last */
export function createTransport(conversations: Conversations, application: ApplicationTotals, frame: Frame): Transport {
  const totals: TransportTotals = {
    connections: 0,
    handshakes: createTimes(),
    retransmissions: 0,
    outOfOrder: 0,
    zeroWindows: 0,
    resets: 0,
  };
  // One for all segments.
  const segment: Segment = { sequence: 0, ack: 0, length: 0, flags: 0, window: 0, time: 0 };
  const data: SegmentData = { fromLow: true, sequence: 0, bytes: frame.bytes, start: 0, end: 0, length: 0, time: 0 };

  const conversationOf = (
    protocol: ConversationProtocol,
    source: number,
    sourcePort: number,
    destination: number,
    destinationPort: number,
    fromLow: boolean,
    time: number,
    point: number,
    hasSegment: boolean,
  ): Conversation => {
    const lowAddress = fromLow ? source : destination;
    const lowPort = fromLow ? sourcePort : destinationPort;
    const highAddress = fromLow ? destination : source;
    const highPort = fromLow ? destinationPort : sourcePort;
    const found = conversations.find(protocol, lowAddress, lowPort, highAddress, highPort);
    const isOther =
      found?.tcp !== undefined && hasSegment && found.point === point && isReused(found.tcp, fromLow, segment);
    if (found !== undefined && !isOther) return found;
    if (protocol === 'tcp') totals.connections += 1;
    const lowOpens = isServer(sourcePort, destinationPort) ? !fromLow : fromLow;
    const opener = lowOpens ? 'low' : 'high';
    return conversations.add({ protocol, lowAddress, lowPort, highAddress, highPort, point, time, opener });
  };

  const countSegment = (conversation: Conversation, fromLow: boolean): void => {
    const { tcp } = conversation;
    if (tcp === undefined) return;
    const { flags, length } = segment;
    const side = fromLow ? conversation.low : conversation.high;
    const hadHandshake = tcp.handshake > 0;
    const verdict = analyze(tcp, fromLow, segment);
    if (!hadHandshake && tcp.handshake > 0) totals.handshakes.add(tcp.handshake);
    if ((flags & tcpFlags.reset) !== 0) {
      side.resets += 1;
      totals.resets += 1;
    }
    if (verdict !== 0) countVerdict(totals, side, verdict);
    const opens = (flags & tcpFlags.syn) !== 0;
    if (opens) {
      conversation.opener = ((flags & tcpFlags.ack) === 0) === fromLow ? 'low' : 'high';
      conversation.opened = true;
    }
    if (opens || length > 0) countData(conversation, fromLow, opens);
    // Nothing more is said, and what was understood is counted.
    if (isOver(tcp, fromLow, flags) && conversation.application !== undefined) leave(conversation.application);
  };

  const countData = (conversation: Conversation, fromLow: boolean, opens: boolean): void => {
    const { length, sequence } = segment;
    const said = (conversation.application ??= createApplication(conversation, application.events));
    if (opens) beginData(said, fromLow, sequence);
    else if (isWatched(said)) {
      application.current = conversation;
      data.fromLow = fromLow;
      data.sequence = sequence;
      data.bytes = frame.bytes;
      data.start = frame.payload + headerLength(frame);
      data.end = frame.end;
      data.length = length;
      data.time = segment.time;
      readData(said, data, application.events);
    }
  };

  const countDatagram = (conversation: Conversation, fromLow: boolean, time: number): void => {
    const { low, high } = conversation;
    if (low.port !== dnsPort && high.port !== dnsPort) return;
    application.current = conversation;
    // Whoever sends to the port asks.
    application.events.client((fromLow ? high : low).port === dnsPort ? fromLow : !fromLow);
    const state = (conversation.dns ??= createDns(application.events.open));
    dnsMessage(state, frame.bytes, frame.payload + udpHeader, frame.end, time, application.events.dns);
  };

  return {
    totals,
    count(protocol, source, destination, time, bytes, point) {
      const hasPorts = protocol !== 'icmp' && protocol !== 'other' && portsAreThere(frame);
      const kind = protocol === 'icmp' || hasPorts ? protocol : 'other';
      const sourcePort = hasPorts ? number16(frame.bytes, frame.payload) : 0;
      const destinationPort = hasPorts ? number16(frame.bytes, frame.payload + 2) : 0;
      const fromLow = source < destination || (source === destination && sourcePort <= destinationPort);
      const hasSegment = kind === 'tcp' && readSegment(segment, frame, time);
      const conversation = conversationOf(
        kind,
        source,
        sourcePort,
        destination,
        destinationPort,
        fromLow,
        time,
        point,
        hasSegment,
      );
      if (conversation.point !== point) {
        if (time - conversation.last < takesOverAfter) {
          conversation.elsewhere += 1;
          return false;
        }
        conversation.point = point;
      }
      addTo(conversation, fromLow, bytes, time);
      if (hasSegment) countSegment(conversation, fromLow);
      else if (kind === 'udp') countDatagram(conversation, fromLow, time);
      return true;
    },
  };
}

/** A fragment behind the first one has none. */
function portsAreThere({ laterFragment, payload, end }: Frame): boolean {
  return !laterFragment && end >= payload + 4;
}

function addTo(conversation: Conversation, fromLow: boolean, bytes: number, time: number): void {
  const side = fromLow ? conversation.low : conversation.high;
  side.packets += 1;
  side.bytes += bytes;
  conversation.last = time;
}

/** Linux takes the ports of clients from here on (`net.ipv4.ip_local_port_range`). */
const firstOfClients = 32_768;

/** Whether the source looks like a server that answers, for conversations whose beginning was not captured. */
function isServer(sourcePort: number, destinationPort: number): boolean {
  return sourcePort < firstOfClients && destinationPort >= firstOfClients && sourcePort > 0;
}

/** False when the header is not whole, or the length of the data is not known. */
function readSegment(segment: Segment, frame: Frame, time: number): boolean {
  const { bytes, payload, end, length, firstFragment } = frame;
  if (end < payload + tcpHeader || firstFragment) return false;
  const header = headerLength(frame);
  if (header < tcpHeader || header > length) return false;
  segment.sequence = number32(bytes, payload + 4) | 0;
  segment.ack = number32(bytes, payload + 8) | 0;
  segment.flags = octet(bytes, payload + 13);
  segment.window = number16(bytes, payload + 14);
  segment.length = length - header;
  segment.time = time;
  return true;
}

/** Of TCP, with its options. */
function headerLength({ bytes, payload }: Frame): number {
  return (octet(bytes, payload + 12) >> 4) * 4;
}

/** After a reset, or when both ends have sent a FIN. */
function isOver(tcp: Tcp, fromLow: boolean, flags: number): boolean {
  if ((flags & tcpFlags.fin) !== 0) tcp.ended |= fromLow ? 1 : 2;
  return (flags & tcpFlags.reset) !== 0 || ((flags & tcpFlags.fin) !== 0 && tcp.ended === 3);
}

function countVerdict(transport: TransportTotals, side: Side, verdict: number): void {
  if ((verdict & anyRetransmission) !== 0) {
    side.retransmissions += 1;
    transport.retransmissions += 1;
  }
  if ((verdict & verdicts.outOfOrder) !== 0) {
    side.outOfOrder += 1;
    transport.outOfOrder += 1;
  }
  if ((verdict & verdicts.zeroWindow) !== 0) {
    side.zeroWindows += 1;
    transport.zeroWindows += 1;
  }
}
