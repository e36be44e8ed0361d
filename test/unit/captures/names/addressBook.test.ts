import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAddressBook, type AddressBook, type AddressOwner } from '../../../../src/captures/names/index.ts';
import { packetBetween } from '../../../support/pcapng/addressedPacket.ts';

const second = 1_000_000_000n;
const pod = (name: string, address: string, since = 0n): AddressOwner => ({
  id: name,
  kind: 'pod',
  name: `shop/${name}`,
  addresses: [address],
  since,
});
/** What is written before a packet from the first address to the second one. */
const names = (book: AddressBook, source: string, destination: string, time = 100n): (readonly [string, string])[] =>
  book.before(packetBetween(source, destination), time * second).map((one) => [one.address, one.names.join()] as const);
const atEnd = (book: AddressBook): (readonly [string, string])[] =>
  book.atEnd().map((one) => [one.address, one.names.join()] as const);

describe('an address', () => {
  test('is named before its first packet, once, in both families', () => {
    const book = createAddressBook();
    book.set({ ...pod('web-1', '10.0.0.1'), addresses: ['10.0.0.1', 'fd00::1'] });
    book.set(pod('db-1', '10.0.0.2'));
    book.set(pod('other', '10.0.0.3'));
    expect(names(book, '10.0.0.1', '10.0.0.2')).toEqual([
      ['10.0.0.1', 'shop/web-1'],
      ['10.0.0.2', 'shop/db-1'],
    ]);
    expect(names(book, '10.0.0.1', '10.0.0.2')).toEqual([]);
    expect(names(book, 'fd00::9', 'fd00::1')).toEqual([['fd00::1', 'shop/web-1']]);
    expect(atEnd(book)).toEqual([]);
    expect(book.named).toBe(3);
  });

  test('of a pod that comes is named when the pod is known, though its packets came first', () => {
    const book = createAddressBook();
    expect(names(book, '10.0.0.1', '10.0.0.2', 100n)).toEqual([]);
    book.set(pod('web-1', '10.0.0.1', 99n * second));
    expect(names(book, '10.0.0.8', '10.0.0.9', 101n)).toEqual([['10.0.0.1', 'shop/web-1']]);
  });

  test('with packets from before its owner had it gets no name, then or later', () => {
    const book = createAddressBook();
    names(book, '10.0.0.1', '10.0.0.2', 100n);
    book.set(pod('web-2', '10.0.0.1', 105n * second));
    expect(names(book, '10.0.0.1', '10.0.0.2', 110n)).toEqual([]);
    expect(atEnd(book)).toEqual([]);
  });

  test('of a pod that is gone loses its name; at the end it has it again, for who shows all packets at once', () => {
    const book = createAddressBook();
    book.set(pod('web-1', '10.0.0.1'));
    names(book, '10.0.0.1', '10.0.0.2');
    book.remove('pod', 'web-1');
    expect(names(book, '10.0.0.2', '10.0.0.1')).toEqual([['10.0.0.1', '10.0.0.1']]);
    expect(atEnd(book)).toEqual([['10.0.0.1', 'shop/web-1']]);
  });

  test('that has changed hands has no name any more, also not at the end', () => {
    const book = createAddressBook();
    book.set(pod('web-1', '10.0.0.1'));
    names(book, '10.0.0.1', '10.0.0.2');
    book.remove('pod', 'web-1');
    book.set(pod('web-2', '10.0.0.1', 101n * second));
    expect(names(book, '10.0.0.1', '10.0.0.2', 102n)).toEqual([['10.0.0.1', '10.0.0.1']]);
    expect(names(book, '10.0.0.1', '10.0.0.2', 103n)).toEqual([]);
    expect(atEnd(book)).toEqual([]);
  });

  test('that two pods have at a time has no name', () => {
    const book = createAddressBook();
    book.set(pod('web-1', '10.0.0.1'));
    names(book, '10.0.0.1', '10.0.0.2');
    book.set(pod('web-2', '10.0.0.1'));
    expect(names(book, '10.0.0.1', '10.0.0.2')).toEqual([['10.0.0.1', '10.0.0.1']]);
    book.remove('pod', 'web-1');
    expect(names(book, '10.0.0.1', '10.0.0.2')).toEqual([]);
    expect(atEnd(book)).toEqual([]);
  });

  test('of a pod that comes again under its name, as in a StatefulSet, has the name again', () => {
    const book = createAddressBook();
    book.set({ ...pod('db-0', '10.0.0.1'), id: 'first' });
    names(book, '10.0.0.1', '10.0.0.2');
    book.remove('pod', 'first');
    names(book, '10.0.0.1', '10.0.0.2');
    book.set({ ...pod('db-0', '10.0.0.1', 200n * second), id: 'second' });
    expect(names(book, '10.0.0.1', '10.0.0.2', 201n)).toEqual([['10.0.0.1', 'shop/db-0']]);
  });

  test('of a pod that is gone and sends on is that of somebody who is not seen: its name does not come back', () => {
    const book = createAddressBook();
    book.set(pod('web-1', '10.0.0.1'));
    names(book, '10.0.0.1', '10.0.0.2', 100n);
    book.remove('pod', 'web-1');
    // What was on its way is still its own, and what others send to it says nothing.
    names(book, '10.0.0.1', '10.0.0.2', 104n);
    names(book, '10.0.0.2', '10.0.0.1', 120n);
    expect(atEnd(book)).toEqual([['10.0.0.1', 'shop/web-1']]);
    names(book, '10.0.0.1', '10.0.0.2', 121n);
    expect(atEnd(book)).toEqual([]);
  });

  test('of several kinds is named by the node, whichever is known first', () => {
    const node: AddressOwner = { id: 'n', kind: 'node', name: 'node/one', addresses: ['10.0.0.1'], since: 0n };
    const service: AddressOwner = { ...node, id: 's', kind: 'service', name: 'kubernetes.default.svc' };
    const [book, late] = [createAddressBook(), createAddressBook()];
    for (const owner of [service, node]) book.set(owner);
    expect(names(book, '10.0.0.1', '10.0.0.2')).toEqual([['10.0.0.1', 'node/one']]);
    late.set(service);
    expect(names(late, '10.0.0.1', '10.0.0.2')).toEqual([['10.0.0.1', 'kubernetes.default.svc']]);
    late.set(node);
    expect(names(late, '10.0.0.1', '10.0.0.2')).toEqual([['10.0.0.1', 'node/one']]);
  });
});

/** Without those that are taken back. */
function namesOf(given: Iterable<readonly [address: string, name: string]>): (readonly [string, string])[] {
  return [...given].filter(([address, name]) => name !== address);
}

test('whatever happens, an address never has a name while it is not its own, nor two names', () => {
  const addresses = ['10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2'] as const;
  const step = fc.oneof(
    fc.record({ at: fc.nat({ max: 3 }), by: fc.nat({ max: 4 }), kind: fc.constantFrom('set', 'remove') }),
    fc.record({ at: fc.nat({ max: 3 }), by: fc.nat({ max: 3 }), kind: fc.constant('packet') }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const book = createAddressBook();
      const owners = new Map<number, string>();
      const given = new Map<string, string>();
      const named = new Set<string>();
      const wrong: string[] = [];
      let time = 0n;
      for (const { at, by, kind } of steps) {
        time += 1n;
        const address = addresses[at] ?? addresses[0];
        if (kind === 'set') {
          owners.set(by, address);
          book.set(pod(`p${by}`, address, time * second));
        } else if (kind === 'remove') {
          owners.delete(by);
          book.remove('pod', `p${by}`);
        } else {
          const other = addresses[(at & 2) | (by & 1)] ?? address;
          for (const [one, name] of names(book, address, other, time)) given.set(one, name);
          for (const [one, name] of namesOf(given)) {
            named.add(`${one} ${name}`);
            const present = [...owners].filter(([, its]) => its === one).map(([owner]) => `shop/p${owner}`);
            if (present.join() !== name) wrong.push(`${one} is called ${name}, not ${present.join()}`);
          }
        }
      }
      for (const [one, name] of namesOf(atEnd(book))) named.add(`${one} ${name}`);
      expect(wrong).toEqual([]);
      // Each address has had one name at most.
      expect(new Set([...named].map((line) => line.split(' ')[0])).size).toBe(named.size);
    }),
    { numRuns: 500 },
  );
});

/** Bytes of the heap in use after a collection: what waits for one depends on when V8 does it. */
function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

test('what it remembers is bounded: a scan of a million addresses takes no more than its share', () => {
  const book = createAddressBook();
  const packet = packetBetween('10.0.0.1', '10.0.0.2');
  const view = new DataView(packet.data.buffer, packet.data.byteOffset);
  const begin = usedHeap();
  for (let index = 0; index < 1_000_000; index += 2) {
    view.setUint32(26, 0x0b00_0000 + index);
    view.setUint32(30, 0x0b00_0001 + index);
    book.before(packet, 1n);
  }
  expect((usedHeap() - begin) / 2 ** 20).toBeLessThan(10);
  book.set(pod('web-1', '10.0.0.1'));
  expect(names(book, '10.0.0.1', '10.0.0.2')).toEqual([['10.0.0.1', 'shop/web-1']]);
});
