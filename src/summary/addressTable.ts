import { formatAddress } from '../pcapng/index.ts';
import { number32, octet } from './octets.ts';

/** IP addresses as small numbers, so that a conversation is found without a text or an object for each packet. */
export interface Addresses {
  /** The number of the address that begins there; -1 for a new one when no number is free. */
  numberOf(bytes: Uint8Array, at: number, version: 4 | 6): number;
  /**
   * From now on the address has this name, or none. If it had another one, it has changed hands: it gets a new number,
   * and what was counted before keeps the old name.
   */
  setName(bytes: Uint8Array, name: string | undefined): void;
  /** As Wireshark shows it. */
  textOf(number: number): string;
  nameOf(number: number): string | undefined;
  /** Numbers that are free. */
  readonly free: number;
  /** More than the highest number that was given. */
  readonly end: number;
  /** Forgets these numbers: they are given again, to other addresses. */
  forget(numbers: Iterable<number>): void;
}

/** @param most how many have a number at a time */
export function createAddresses(most: number): Addresses {
  /** By hash: the address that came last; the others of the same hash follow by `before`. */
  const last = new Map<number, number>();
  const before: number[] = [];
  const texts: (string | undefined)[] = [];
  const names: (string | undefined)[] = [];
  /** 0: the number is free. */
  const versions: (0 | 4 | 6)[] = [];
  /** Another number has the address now, because it has changed hands. */
  const replaced: boolean[] = [];
  const freed: number[] = [];
  let store = new Uint8Array(16 * 256);
  const add = (bytes: Uint8Array, at: number, version: 4 | 6, hash: number): number => {
    const number = freed.pop() ?? versions.length;
    if (number === most) return -1;
    if (store.length < (number + 1) * 16) {
      const larger = new Uint8Array(store.length * 2);
      larger.set(store);
      store = larger;
    }
    store.set(bytes.subarray(at, at + (version === 4 ? 4 : 16)), number * 16);
    before[number] = last.get(hash) ?? -1;
    last.set(hash, number);
    versions[number] = version;
    texts[number] = undefined;
    names[number] = undefined;
    replaced[number] = false;
    return number;
  };
  const hashOf = (bytes: Uint8Array, at: number, version: 4 | 6): number =>
    version === 4 ? number32(bytes, at) | 0 : hash16(bytes, at);
  const find = (bytes: Uint8Array, at: number, version: 4 | 6, hash: number): number => {
    for (let number = last.get(hash) ?? -1; number !== -1; number = before[number] ?? -1)
      if (versions[number] === version && isEqual(store, number * 16, bytes, at, version)) return number;
    return -1;
  };
  return {
    numberOf(bytes, at, version) {
      const hash = hashOf(bytes, at, version);
      const found = find(bytes, at, version, hash);
      return found === -1 ? add(bytes, at, version, hash) : found;
    },
    setName(bytes, name) {
      const version = bytes.length === 4 ? 4 : 6;
      const hash = hashOf(bytes, 0, version);
      const found = find(bytes, 0, version, hash);
      if (name === undefined && (found === -1 || names[found] === undefined)) return;
      const isOther = found === -1 || (names[found] !== undefined && names[found] !== name);
      const number = isOther ? add(bytes, 0, version, hash) : found;
      if (number === -1) return;
      if (isOther && found !== -1) replaced[found] = true;
      names[number] = name;
    },
    nameOf: (number) => names[number],
    textOf(number) {
      const version = versions[number];
      if (version === undefined || version === 0) return '?';
      return (texts[number] ??= formatAddress(store.subarray(number * 16, number * 16 + (version === 4 ? 4 : 16))));
    },
    get free() {
      return most - versions.length + freed.length;
    },
    get end() {
      return versions.length;
    },
    forget(numbers) {
      for (const number of numbers) {
        if ((versions[number] ?? 0) === 0) continue;
        versions[number] = 0;
        texts[number] = undefined;
        names[number] = undefined;
        freed.push(number);
      }
      last.clear();
      for (const [number, version] of versions.entries()) {
        if (version === 0 || replaced[number] === true) continue;
        const hash = hashOf(store, number * 16, version);
        before[number] = last.get(hash) ?? -1;
        last.set(hash, number);
      }
    },
  };
}

function hash16(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let word = 0; word < 16; word += 4) hash = Math.imul(hash, 0x0100_0193) ^ number32(bytes, at + word);
  return hash | 0;
}

function isEqual(store: Uint8Array, from: number, bytes: Uint8Array, at: number, version: 4 | 6): boolean {
  const length = version === 4 ? 4 : 16;
  for (let index = 0; index < length; index += 1)
    if (octet(store, from + index) !== octet(bytes, at + index)) return false;
  return true;
}
