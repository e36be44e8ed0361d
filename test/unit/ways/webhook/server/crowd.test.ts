import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeCrowd } from '../../../../../src/ways/webhook/server/crowd.ts';

interface One {
  readonly address: string;
  readonly number: number;
}

test('who has the most loses the oldest first; who has one keeps it', () => {
  const dropped: string[] = [];
  const crowd = makeCrowd<One>(3, ({ address, number }) => dropped.push(`${address}${number}`));
  for (const [address, number] of [
    ['a', 1],
    ['b', 1],
    ['a', 2],
    ['a', 3],
    ['a', 4],
    ['c', 1],
  ] as const)
    crowd.add({ address, number });
  expect(dropped).toEqual(['a1', 'a2', 'a3']);
  expect([...crowd.items()].map(({ address, number }) => `${address}${number}`).toSorted()).toEqual(['a4', 'b1', 'c1']);
});

test('addresses take turns', () => {
  const crowd = makeCrowd<One>(100, () => {});
  for (let number = 0; number < 50; number += 1) crowd.add({ address: 'flood', number });
  crowd.add({ address: 'other', number: 0 });
  expect([crowd.take(), crowd.take(), crowd.take()].map((one) => one?.address)).toEqual(['flood', 'other', 'flood']);
});

test('it holds what was added, at most as many as it may, and nothing twice', () => {
  const step = fc.record({
    what: fc.constantFrom<'add' | 'delete' | 'take'>('add', 'add', 'delete', 'take'),
    address: fc.constantFrom('a', 'b', 'c'),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (bound, steps) => {
      const expected = new Set<One>();
      const crowd = makeCrowd<One>(bound, (item) => expect(expected.delete(item)).toBe(true));
      const ways = {
        add: (one: One): boolean => {
          expected.add(one);
          crowd.add(one);
          return true;
        },
        take: (): boolean => {
          const taken = crowd.take();
          return taken === undefined ? expected.size === 0 : expected.delete(taken);
        },
        delete: (one: One): boolean => {
          const [there = one] = [...expected].slice(one.number % Math.max(1, expected.size));
          return crowd.delete(there) === expected.delete(there);
        },
      };
      for (const { what, address, pick } of steps) {
        expect(ways[what]({ address, number: pick })).toBe(true);
        expect(crowd.size()).toBe(expected.size);
        expect(new Set(crowd.items())).toEqual(expected);
        expect(crowd.size()).toBeLessThanOrEqual(bound);
      }
    }),
  );
});
