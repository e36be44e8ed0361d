/**
 * What a TCP segment is, beside new data. The rules are those of Wireshark 4.0, so that the numbers are the same as
 * those of `tcp.analysis.*` (Wireshark User's Guide, "TCP Analysis"). Sequence numbers are kept as signed numbers of 32
 * bits and compared by their distance (RFC 9293, 3.4).
 */

export const tcpFlags = { fin: 1, syn: 2, reset: 4, push: 8, ack: 16 } as const;

/** Bits of a verdict. */
export const verdicts = {
  retransmission: 1,
  fastRetransmission: 2,
  spuriousRetransmission: 4,
  outOfOrder: 8,
  zeroWindow: 16,
  keepAlive: 32,
  zeroWindowProbe: 64,
  keepAliveAck: 128,
} as const;

/** `tcp.analysis.retransmission`: fast and spurious ones are retransmissions, too. */
export const anyRetransmission =
  verdicts.retransmission | verdicts.fastRetransmission | verdicts.spuriousRetransmission;

/** One direction of a connection. */
interface Flow {
  /** The first sequence number, as far as it is known. */
  base: number;
  hasBase: boolean;
  /** The highest sequence number that was sent, plus one; 0: not known. */
  next: number;
  /** When that was, in nanoseconds. */
  nextTime: number;
  /** The end of what was sent without a hole; 0: not known. */
  unbroken: number;
  /** As the last segment had it, not scaled; -1: not known. */
  window: number;
  ack: number;
  ackTime: number;
  /** Acknowledgements that said the same as the one before; `unseen` after one for what was never captured. */
  repeatedAcks: number;
  verdict: number;
}

/** For Wireshark this is a count without a sign, and so more than any other. */
const unseen = -1;

/** A connection. */
export interface Tcp {
  readonly low: Flow;
  readonly high: Flow;
  /** Who has sent a FIN: 1 the low end, 2 the high one. */
  ended: number;
  /** Of the last SYN; -1: none. */
  synTime: number;
  /** Nanoseconds from the SYN to the first ACK, `tcp.analysis.initial_rtt`; -1: not known. */
  roundTrip: number;
  /** The same, unless that was a refusal. */
  handshake: number;
}

/** A TCP segment. One object is used for all of them. */
export interface Segment {
  sequence: number;
  ack: number;
  /** Bytes of data on the wire. */
  length: number;
  flags: number;
  window: number;
  /** Nanoseconds. */
  time: number;
}

/** A new connection. @param used one that nobody needs any more, whose memory is used again */
export function createTcp(used?: Tcp): Tcp {
  const tcp = used ?? { low: emptyFlow(), high: emptyFlow(), ended: 0, synTime: 0, roundTrip: 0, handshake: 0 };
  resetFlow(tcp.low);
  resetFlow(tcp.high);
  tcp.ended = 0;
  tcp.synTime = -1;
  tcp.roundTrip = -1;
  tcp.handshake = -1;
  return tcp;
}

function emptyFlow(): Flow {
  return {
    base: 0,
    hasBase: false,
    next: 0,
    nextTime: 0,
    unbroken: 0,
    window: -1,
    ack: 0,
    ackTime: 0,
    repeatedAcks: 0,
    verdict: 0,
  };
}

function resetFlow(flow: Flow): void {
  flow.base = 0;
  flow.hasBase = false;
  flow.next = 0;
  flow.nextTime = 0;
  flow.unbroken = 0;
  flow.window = -1;
  flow.ack = 0;
  flow.ackTime = 0;
  flow.repeatedAcks = 0;
  flow.verdict = 0;
}

const handshakeFlags = tcpFlags.syn | tcpFlags.ack;

/** Whether a SYN opens another connection with the same addresses and ports. */
export function isReused({ low, high }: Tcp, fromLow: boolean, { flags, sequence }: Segment): boolean {
  const flow = fromLow ? low : high;
  return (flags & handshakeFlags) === tcpFlags.syn && flow.hasBase && flow.base !== sequence;
}

/**
 * Judges a segment, and remembers what later ones are judged by.
 * @returns bits of {@link verdicts}
 */
export function analyze(tcp: Tcp, fromLow: boolean, segment: Segment): number {
  const from = fromLow ? tcp.low : tcp.high;
  const to = fromLow ? tcp.high : tcp.low;
  begin(from, to, segment);
  const verdict = judge(tcp, from, to, segment);
  remember(from, segment, verdict);
  const { flags, time } = segment;
  const kind = flags & handshakeFlags;
  if (kind === tcpFlags.syn) tcp.synTime = time;
  else if (kind === tcpFlags.ack && tcp.synTime !== -1 && tcp.roundTrip <= 0) {
    tcp.roundTrip = time - tcp.synTime;
    if ((flags & tcpFlags.reset) === 0) tcp.handshake = tcp.roundTrip;
  }
  return verdict;
}

/** Where the sequence numbers begin. */
function begin(from: Flow, to: Flow, { flags, sequence, ack }: Segment): void {
  const kind = flags & handshakeFlags;
  // A RST may have carried a number of its own (Wireshark, issue 17616).
  if (kind === tcpFlags.syn && from.hasBase) from.next = from.unbroken;
  else if (kind === handshakeFlags && from.hasBase) from.base = sequence;
  if (!from.hasBase) {
    from.base = (flags & tcpFlags.syn) === 0 ? (sequence - 1) | 0 : sequence;
    from.hasBase = true;
  }
  if (!to.hasBase && (flags & tcpFlags.ack) !== 0) {
    to.base = (ack - 1) | 0;
    to.hasBase = true;
  }
}

const opensOrEnds = tcpFlags.syn | tcpFlags.fin | tcpFlags.reset;

function judge(tcp: Tcp, from: Flow, to: Flow, segment: Segment): number {
  const { ack, length, flags } = segment;
  let verdict = ofWindow(from, to, segment);
  if (ack !== from.ack) from.repeatedAcks = 0;
  if ((flags & tcpFlags.ack) !== 0) acknowledge(to, ack);
  const takesNumbers = length > 0 || extraOf(flags) === 1;
  if (takesNumbers && (verdict & verdicts.keepAlive) === 0) verdict |= sentAgain(tcp, from, to, segment);
  return verdict;
}

/** What a segment says of windows, and whether it says anything. */
function ofWindow(from: Flow, to: Flow, { sequence, ack, length, flags, window }: Segment): number {
  if (length === 1 && sequence === from.next && to.window === 0) return verdicts.zeroWindowProbe;
  if ((flags & opensOrEnds) !== 0) return 0;
  let verdict = window === 0 ? verdicts.zeroWindow : 0;
  if (length <= 1 && sequence === ((from.next - 1) | 0)) verdict |= verdicts.keepAlive;
  const saysTheSame = window === from.window && sequence === from.next && ack === from.ack;
  if (length === 0 && saysTheSame) verdict |= repeatedAck(from, to, window);
  return verdict;
}

/** A segment without data that says what the one before said. */
function repeatedAck(from: Flow, to: Flow, window: number): number {
  if (window === 0) return 0;
  if ((to.verdict & verdicts.keepAlive) !== 0) return verdicts.keepAliveAck;
  from.repeatedAcks = from.repeatedAcks === unseen ? 1 : from.repeatedAcks + 1;
  return 0;
}

/** An acknowledgement of what was never captured. */
function acknowledge(to: Flow, ack: number): void {
  if (to.unbroken === 0 || !isAfter(ack, to.unbroken)) return;
  if (isAfter(to.next, to.unbroken)) to.unbroken = to.next;
  else to.repeatedAcks = unseen;
}

/** Nanoseconds after the last repeated acknowledgement within which a retransmission is called fast. */
const fastWithin = 20_000_000;
/** Nanoseconds within which segments may overtake each other, unless the handshake has told the round trip. */
const overtakesWithin = 3_000_000;

/** What a segment is that takes sequence numbers. */
function sentAgain(tcp: Tcp, from: Flow, to: Flow, segment: Segment): number {
  const { sequence, length, time } = segment;
  if (length > 0 && to.ack !== 0 && !isAfter((sequence + length) | 0, to.ack)) return verdicts.spuriousRetransmission;
  // What begins one byte early may follow a probe of a window that was closed.
  const followsProbe = length > 1 && ((from.next - 1) | 0) === sequence;
  if (from.next === 0 || !isAfter(from.next, sequence) || followsProbe) return 0;
  const wereRepeated = to.repeatedAcks >= 2 || to.repeatedAcks === unseen;
  if (wereRepeated && to.ack === sequence && isWithin(time - to.ackTime, fastWithin))
    return verdicts.fastRetransmission;
  const longest = tcp.roundTrip > 0 ? tcp.roundTrip : overtakesWithin;
  const isLast = from.next === endOf(segment);
  return !isLast && isWithin(time - from.nextTime, longest) ? verdicts.outOfOrder : verdicts.retransmission;
}

function isWithin(duration: number, most: number): boolean {
  return duration >= 0 && duration < most;
}

/** SYN and FIN take a number, too. */
function extraOf(flags: number): 0 | 1 {
  return (flags & (tcpFlags.syn | tcpFlags.fin)) === 0 ? 0 : 1;
}

/** The number behind the segment. */
function endOf({ sequence, length, flags }: Segment): number {
  return (sequence + length + extraOf(flags)) | 0;
}

function remember(from: Flow, segment: Segment, verdict: number): void {
  const { sequence, ack, window, time } = segment;
  const end = endOf(segment);
  if ((verdict & verdicts.zeroWindowProbe) === 0) {
    if (from.next === 0 || isAfter(end, from.next)) {
      from.next = end;
      from.nextTime = time;
    }
    if (from.unbroken === 0 || sequence === from.unbroken) from.unbroken = from.next;
  }
  from.window = window;
  from.ack = ack;
  from.ackTime = time;
  from.verdict = verdict;
}

function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}
