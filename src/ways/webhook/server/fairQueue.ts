/** Items of different addresses, at most a fixed number of them, that are taken in turn by address. */
export interface FairQueue<T> {
  /**
   * Adds an item as the newest of its address. Over the bound, the oldest item of the address with the most is dropped.
   */
  readonly add: (item: T) => void;
  readonly delete: (item: T) => boolean;
  /** Takes the oldest item of the address whose turn it is. */
  readonly take: () => T | undefined;
  readonly size: () => number;
  readonly items: () => IterableIterator<T>;
}

/**
 * Makes a queue that one client cannot fill: the address with the most items loses one first.
 * @param bound the most items
 * @param drop is called for an item that was dropped, after its removal
 */
export function makeFairQueue<T extends { readonly address: string }>(
  bound: number,
  drop: (item: T) => void,
): FairQueue<T> {
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
      // The address goes to the end, so that the others have their turn first.
      if (byAddress.delete(address)) byAddress.set(address, group);
      return item;
    },
    size: () => size,
    items: function* items() {
      for (const group of byAddress.values()) yield* group;
    },
  };
}
