import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeFairQueue } from '../../../../../src/ways/webhook/server/fairQueue.ts';

interface Item {
  readonly address: string;
  readonly number: number;
}

test('over the bound, the address with the most items loses its oldest', () => {
  const dropped: string[] = [];
  const queue = makeFairQueue<Item>(3, ({ address, number }) => dropped.push(`${address}${number}`));
  for (const [address, number] of [
    ['a', 1],
    ['b', 1],
    ['a', 2],
    ['a', 3],
    ['a', 4],
    ['c', 1],
  ] as const)
    queue.add({ address, number });
  expect(dropped).toEqual(['a1', 'a2', 'a3']);
  expect([...queue.items()].map(({ address, number }) => `${address}${number}`).toSorted()).toEqual(['a4', 'b1', 'c1']);
});

test('addresses take turns', () => {
  const queue = makeFairQueue<Item>(100, () => {});
  for (let number = 0; number < 50; number += 1) queue.add({ address: 'flood', number });
  queue.add({ address: 'other', number: 0 });
  expect([queue.take(), queue.take(), queue.take()].map((item) => item?.address)).toEqual(['flood', 'other', 'flood']);
});

test('the queue holds each added item once and never more than the bound', () => {
  const step = fc.record({
    what: fc.constantFrom<'add' | 'delete' | 'take'>('add', 'add', 'delete', 'take'),
    address: fc.constantFrom('a', 'b', 'c'),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (bound, steps) => {
      const expected = new Set<Item>();
      const queue = makeFairQueue<Item>(bound, (item) => expect(expected.delete(item)).toBe(true));
      const ways = {
        add: (item: Item): boolean => {
          expected.add(item);
          queue.add(item);
          return true;
        },
        take: (): boolean => {
          const taken = queue.take();
          return taken === undefined ? expected.size === 0 : expected.delete(taken);
        },
        delete: (item: Item): boolean => {
          const [present = item] = [...expected].slice(item.number % Math.max(1, expected.size));
          return queue.delete(present) === expected.delete(present);
        },
      };
      for (const { what, address, pick } of steps) {
        expect(ways[what]({ address, number: pick })).toBe(true);
        expect(queue.size()).toBe(expected.size);
        expect(new Set(queue.items())).toEqual(expected);
        expect(queue.size()).toBeLessThanOrEqual(bound);
      }
    }),
  );
});
