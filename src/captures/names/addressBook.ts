import {
  addressKey,
  addressOfKey,
  formatAddress,
  packetAddresses,
  parseAddress,
  type AddressKey,
  type AddressName,
  type Naming,
} from '../../pcapng/index.ts';

/** Whose an address is. Where several kinds have one, the first of these kinds is named. */
export const ownerKinds = ['node', 'service', 'pod'] as const;

/** An object of the cluster that has addresses. */
export interface AddressOwner {
  /** Of the object, within its kind: its UID as a rule. */
  readonly id: string;
  readonly kind: (typeof ownerKinds)[number];
  /** What its addresses are called: `shop/web-1`. */
  readonly name: string;
  /** IPv4 and IPv6, as text. */
  readonly addresses: readonly string[];
  /** Since when they have been its own, in nanoseconds since 1970; 0 when that is not known. */
  readonly since: bigint;
}

/**
 * Who owns which address now, and what the output has said of it so far.
 *
 * An address is named when its first packet comes, so that names take no room that no packet needs. A name is given
 * for the time only in which the address was its owner's, for readers that go through the file once (tshark) and for
 * those that show all packets with the last names (Wireshark's window):
 * - When the owner is gone, the name is taken back: the address itself becomes its name. At the end of the output the
 *   name is given again, for Wireshark's window, unless the address was in use meanwhile.
 * - An address that has had two owners while it was captured gets no name any more. So does an address with packets
 *   from before its owner had it.
 */
export interface AddressBook extends Naming {
  /** Adds an owner, or changes it. */
  set(owner: AddressOwner): void;
  remove(kind: AddressOwner['kind'], id: string): void;
  /** Addresses that have been given a name. */
  readonly named: number;
}

/** What is known of an address with packets in the output. */
interface Seen {
  /** The time of its first packet. */
  readonly first: bigint;
  /** The name that the output has for it now. */
  given: string | undefined;
  /** The last name that it had. */
  last: string | undefined;
  /** Packets that come from it later than this are those of another owner; undefined while it has its owner. */
  until: bigint | undefined;
  /** It has had another owner too, so it gets no name any more. */
  shared: boolean;
}

/** How many addresses with a name are remembered; later ones get none. */
const mostSeen = 100_000;
/** How many addresses without an owner are remembered at least; of twice as many, the older half is forgotten. */
const mostStrangers = 65_536;
/** A packet may be on its way for so long after its sender is gone, in nanoseconds. */
const grace = 5_000_000_000n;
const nothing: readonly AddressName[] = [];

/** A book without owners. It keeps what it was told, since an owner may have had an address before its packets come. */
export function createAddressBook(): AddressBook {
  const owners = new Map<string, AddressOwner>();
  const byAddress = new Map<AddressKey, AddressOwner[]>();
  const seen = new Map<AddressKey, Seen>();
  /** The times of the first packets of addresses without an owner. */
  const strangers = createFirstTimes();
  /** Addresses of `seen` to look at before the next packet. */
  const changed = new Set<AddressKey>();
  let latest = 0n;
  let named = 0;

  const touch = (key: AddressKey): void => {
    const first = seen.has(key) ? undefined : strangers.get(key);
    if (first !== undefined && byAddress.has(key)) remember(key, first);
    if (seen.has(key)) changed.add(key);
  };

  const remember = (key: AddressKey, first: bigint): void => {
    if (seen.size >= mostSeen) return;
    seen.set(key, { first, given: undefined, last: undefined, until: undefined, shared: false });
    changed.add(key);
  };

  const notice = (key: AddressKey, time: bigint, isSource: boolean): void => {
    const known = seen.get(key);
    if (known !== undefined) {
      if (isSource && known.until !== undefined && time > known.until && !byAddress.has(key)) known.shared = true;
    } else if (byAddress.has(key)) {
      remember(key, time);
    } else {
      strangers.add(key, time);
    }
  };

  /** What the address is to be called from now on; undefined: nothing. */
  const nameOf = (key: AddressKey, address: Seen): string | undefined => {
    const present = byAddress.get(key) ?? [];
    const owner = firstOwner(present);
    if (owner === 'several') address.shared = true;
    if (address.shared || owner === 'several' || owner === undefined) return undefined;
    const isHandedOn =
      address.last === undefined
        ? owner.since > address.first
        : owner.name !== address.last && present.every(({ name }) => name !== address.last);
    address.shared = isHandedOn;
    return isHandedOn ? undefined : owner.name;
  };

  const settle = (): AddressName[] => {
    const names: AddressName[] = [];
    for (const key of changed) {
      const address = seen.get(key);
      if (address === undefined) continue;
      const name = nameOf(key, address);
      const isNew = name !== address.given;
      if (name !== undefined && address.last === undefined) named += 1;
      address.until = name === undefined && address.last !== undefined ? (address.until ?? latest + grace) : undefined;
      address.given = name;
      address.last = name ?? address.last;
      if (isNew) names.push(nameRecord(key, name));
    }
    changed.clear();
    return names;
  };

  const drop = (id: string): void => {
    const owner = owners.get(id);
    owners.delete(id);
    for (const key of keysOf(owner)) {
      const left = byAddress.get(key)?.filter((one) => one !== owner) ?? [];
      if (left.length > 0) byAddress.set(key, left);
      else byAddress.delete(key);
      touch(key);
    }
  };

  return {
    get named() {
      return named;
    },
    set(owner) {
      const id = `${owner.kind}/${owner.id}`;
      if (isSame(owners.get(id), owner)) return;
      drop(id);
      owners.set(id, owner);
      for (const key of keysOf(owner)) {
        byAddress.set(key, [...(byAddress.get(key) ?? []), owner]);
        touch(key);
      }
    },
    remove: (kind, id) => drop(`${kind}/${id}`),
    before({ interface: { linkType }, data }, time) {
      const addresses = packetAddresses(linkType, data);
      if (time > latest) latest = time;
      if (addresses !== undefined) {
        notice(addresses[0], time, true);
        notice(addresses[1], time, false);
      }
      return changed.size === 0 ? nothing : settle();
    },
    atEnd() {
      const changes = settle();
      const again = [...seen].flatMap(([key, { given, last, shared }]) =>
        given === undefined && !shared && last !== undefined ? [nameRecord(key, last)] : [],
      );
      const known = new Set(again.map(({ address }) => address));
      return [...changes.filter(({ address }) => !known.has(address)), ...again];
    },
  };
}

interface FirstTimes {
  add(key: AddressKey, time: bigint): void;
  get(key: AddressKey): bigint | undefined;
}

/** Remembers when addresses were first seen, in two halves: a map from which the oldest are deleted gets slow. */
function createFirstTimes(): FirstTimes {
  let young = new Map<AddressKey, bigint>();
  let old = new Map<AddressKey, bigint>();
  const get = (key: AddressKey): bigint | undefined => young.get(key) ?? old.get(key);
  return {
    get,
    add(key, time) {
      if (get(key) !== undefined) return;
      if (young.size >= mostStrangers) {
        old = young;
        young = new Map();
      }
      young.set(key, time);
    },
  };
}

/** A name that is taken back is the address itself: Wireshark passes over an empty name. */
function nameRecord(key: AddressKey, name: string | undefined): AddressName {
  const address = formatAddress(addressOfKey(key));
  return { address, names: [name ?? address] };
}

/** The owner by which an address is named; `several` when it cannot be told. */
function firstOwner(present: readonly AddressOwner[]): AddressOwner | 'several' | undefined {
  const kind = ownerKinds.find((one) => present.some((owner) => owner.kind === one));
  const [first, ...others] = present.filter((owner) => owner.kind === kind);
  return others.some(({ name }) => name !== first?.name) ? 'several' : first;
}

function keysOf(owner: AddressOwner | undefined): Set<AddressKey> {
  return new Set(
    owner?.addresses.flatMap((address) => {
      const bytes = parseAddress(address);
      return bytes === undefined ? [] : [addressKey(bytes)];
    }),
  );
}

function isSame(known: AddressOwner | undefined, owner: AddressOwner): boolean {
  return (
    known !== undefined &&
    known.name === owner.name &&
    known.since === owner.since &&
    known.addresses.join(' ') === owner.addresses.join(' ')
  );
}
