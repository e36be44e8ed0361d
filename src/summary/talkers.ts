/** What each address has sent and received, by its number. */
export interface Talkers {
  /** Counts a packet. @param bytes on the wire */
  add(source: number, destination: number, bytes: number): void;
  /** A packet whose addresses are not told apart. */
  addOther(bytes: number): void;
  of(address: number): TalkerCount;
  /** Sent and received. */
  bytesOf(address: number): number;
  /** The address is forgotten: what it has said becomes a part of `others`. */
  forget(address: number): void;
  /** The sum of those that are forgotten. */
  readonly others: TalkerCount & { readonly addresses: number };
}

/** Bytes are those on the wire. */
export interface TalkerCount {
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
}

/** Numbers of one address. They stand in one array: an object for each address would take five times the memory. */
const columns = 4;

/** No address yet. The memory grows with the largest number of an address. */
export function createTalkers(): Talkers {
  let counts = new Float64Array(1024 * columns);
  const others = { addresses: 0, sentPackets: 0, sentBytes: 0, receivedPackets: 0, receivedBytes: 0 };
  const reserve = (address: number): void => {
    if ((address + 1) * columns <= counts.length) return;
    const larger = new Float64Array(Math.max(counts.length * 2, (address + 1) * columns));
    larger.set(counts);
    counts = larger;
  };
  const addAt = (at: number, bytes: number): void => {
    counts[at] = (counts[at] ?? 0) + 1;
    counts[at + 1] = (counts[at + 1] ?? 0) + bytes;
  };
  const of = (address: number): TalkerCount => {
    const at = address * columns;
    return {
      sentPackets: counts[at] ?? 0,
      sentBytes: counts[at + 1] ?? 0,
      receivedPackets: counts[at + 2] ?? 0,
      receivedBytes: counts[at + 3] ?? 0,
    };
  };
  return {
    others,
    of,
    bytesOf: (address) => (counts[address * columns + 1] ?? 0) + (counts[address * columns + 3] ?? 0),
    add(source, destination, bytes) {
      reserve(Math.max(source, destination));
      addAt(source * columns, bytes);
      addAt(destination * columns + 2, bytes);
    },
    addOther(bytes) {
      others.sentPackets += 1;
      others.sentBytes += bytes;
      others.receivedPackets += 1;
      others.receivedBytes += bytes;
    },
    forget(address) {
      const { sentPackets, sentBytes, receivedPackets, receivedBytes } = of(address);
      // A name may have a number without a packet.
      if (sentPackets + receivedPackets > 0) others.addresses += 1;
      others.sentPackets += sentPackets;
      others.sentBytes += sentBytes;
      others.receivedPackets += receivedPackets;
      others.receivedBytes += receivedBytes;
      counts.fill(0, address * columns, (address + 1) * columns);
    },
  };
}
