import type { Addresses } from './addressTable.ts';
import type { ApplicationTotals } from './applicationTotals.ts';
import type { Conversations } from './conversations.ts';
import type { Pairs } from './pairs.ts';
import type { Talkers } from './talkers.ts';

/** The tables whose rows name addresses by their numbers. */
export interface AddressTables {
  readonly addresses: Addresses;
  readonly talkers: Talkers;
  readonly pairs: Pairs;
  readonly conversations: Conversations;
  readonly application: ApplicationTotals;
  readonly icmp: ReadonlyMap<string, { readonly address: number }>;
}

/**
 * Makes room for a quarter of all addresses or more: those that no conversation, pair or server that is kept needs,
 * without a name before those with one, the fewest bytes first. What they have said becomes a part of the sum of the
 * other talkers.
 * @param most how many addresses there may be
 */
export function forgetAddresses(tables: AddressTables, most: number): void {
  const { addresses, talkers, pairs } = tables;
  pairs.makeRoom();
  const needed = neededBy(tables);
  const weights = new Float64Array(addresses.end).fill(Number.POSITIVE_INFINITY);
  for (const address of weights.keys()) {
    if (needed[address] === 1) continue;
    weights[address] = talkers.bytesOf(address) + (addresses.nameOf(address) === undefined ? 0 : 2 ** 52);
  }
  const limit = weights.toSorted()[Math.ceil(most / 4) - 1] ?? Number.POSITIVE_INFINITY;
  const forgotten: number[] = [];
  for (const [address, weight] of weights.entries())
    if (weight <= limit && weight !== Number.POSITIVE_INFINITY) forgotten.push(address);
  for (const address of forgotten) talkers.forget(address);
  addresses.forget(forgotten);
}

function neededBy({ addresses, pairs, conversations, application, icmp }: AddressTables): Uint8Array {
  const needed = new Uint8Array(addresses.end);
  for (const { low, high } of conversations.all()) {
    needed[low.address] = 1;
    needed[high.address] = 1;
  }
  for (const { low, high } of pairs.all()) {
    needed[low] = 1;
    needed[high] = 1;
  }
  for (const servers of [application.dns.servers, application.http.servers])
    for (const { address } of servers.values()) needed[address] = 1;
  for (const { address } of icmp.values()) needed[address] = 1;
  return needed;
}
