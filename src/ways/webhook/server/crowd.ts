/** At most so many of a kind, from different addresses. */
export interface Crowd<T> {
  /** As the youngest of its address. Beyond the bound, the oldest of the address that has the most has to go. */
  readonly add: (item: T) => void;
  readonly delete: (item: T) => boolean;
  /** Takes the oldest of the address whose turn it is. */
  readonly take: () => T | undefined;
  readonly size: () => number;
  readonly items: () => IterableIterator<T>;
}

/**
 * A crowd that one client cannot fill: whoever has the most loses first.
 * @param drop is called for what had to go, which is no longer in it
 */
export function makeCrowd<T extends { readonly address: string }>(bound: number, drop: (item: T) => void): Crowd<T> {
  const byAddress = new Map<string, Set<T>>();
  let size = 0;
  const remove = (item: T): boolean => {
    const group = byAddress.get(item.address);
    if (group?.delete(item) !== true) return false;
    if (group.size === 0) byAddress.delete(item.address);
    size -= 1;
    return true;
  };
  const largestGroup = (): Set<T> | undefined => {
    let largest: Set<T> | undefined;
    for (const group of byAddress.values()) if (largest === undefined || group.size > largest.size) largest = group;
    return largest;
  };
  return {
    add: (item) => {
      const group = byAddress.get(item.address);
      if (group === undefined) byAddress.set(item.address, new Set([item]));
      else group.add(item);
      size += 1;
      if (size <= bound) return;
      const [oldest] = largestGroup() ?? [];
      if (oldest !== undefined && remove(oldest)) drop(oldest);
    },
    delete: remove,
    take: () => {
      const [first] = byAddress;
      if (first === undefined) return undefined;
      const [address, group] = first;
      const [item] = group;
      if (item === undefined) return undefined;
      remove(item);
      // The others of this address wait for their turn.
      if (byAddress.delete(address)) byAddress.set(address, group);
      return item;
    },
    size: () => size,
    items: function* items() {
      for (const group of byAddress.values()) yield* group;
    },
  };
}
