/** A priority queue: `pop` returns the item that comes before all others. */
export interface Heap<T> {
  readonly size: number;
  push(item: T): void;
  pop(): T | undefined;
}

/** A binary heap. @param before whether `a` comes before `b` */
export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];
  const comesBefore = (a: T | undefined, b: T | undefined): boolean =>
    a !== undefined && b !== undefined && before(a, b);
  return {
    get size() {
      return items.length;
    },
    push(item) {
      let at = items.push(item) - 1;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        const above = items[parent] as T;
        if (!before(item, above)) break;
        items[at] = above;
        at = parent;
      }
      items[at] = item;
    },
    pop() {
      const first = items[0];
      const last = items.pop();
      if (items.length === 0 || last === undefined) return first;
      let at = 0;
      for (;;) {
        const left = at * 2 + 1;
        const smaller = comesBefore(items[left + 1], items[left]) ? left + 1 : left;
        if (!comesBefore(items[smaller], last)) break;
        items[at] = items[smaller] as T;
        at = smaller;
      }
      items[at] = last;
      return first;
    },
  };
}
