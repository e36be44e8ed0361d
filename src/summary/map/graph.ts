import { endText } from '../report/sections.ts';
import type { Amount, Counted, Pair, Summary } from '../summary.ts';

/** Who talks to whom. */
export interface Graph {
  readonly hosts: readonly Host[];
  readonly edges: readonly Edge[];
}

/** A host of the map. `bytes` are those that it sent and received. */
export interface Host {
  readonly label: string;
  readonly bytes: number;
  /** Not one host, but the sum of those that are not drawn. */
  readonly isRest: boolean;
}

/** From a client to a server: indexes of `hosts`. */
export interface Edge extends Amount {
  readonly client: number;
  readonly server: number;
  readonly protocols: readonly string[];
  readonly errors: readonly Counted[];
}

interface Building {
  readonly client: number;
  readonly server: number;
  packets: number;
  bytes: number;
  readonly protocols: Set<string>;
  readonly errors: Map<string, number>;
}

/**
 * The hosts with the most bytes, and those with errors before others, by name. Pure.
 * @param most how many are drawn; the others are one host
 */
export function graphOf({ pairs }: Summary, most: number): Graph {
  const sums = new Map<string, { bytes: number; hasErrors: boolean }>();
  for (const { client, server, bytes, errors } of pairs) {
    for (const label of new Set([endText(client), endText(server)])) {
      const sum = sums.get(label) ?? { bytes: 0, hasErrors: false };
      sums.set(label, { bytes: sum.bytes + bytes, hasErrors: sum.hasErrors || errors.length > 0 });
    }
  }
  const ranked = [...sums].toSorted(
    ([a, x], [b, y]) => Number(y.hasErrors) - Number(x.hasErrors) || y.bytes - x.bytes || byText(a, b),
  );
  const drawn = ranked.slice(0, most).toSorted(([a], [b]) => byText(a, b));
  const rest = ranked.slice(most);
  const hosts = drawn.map(([label, { bytes }]) => ({ label, bytes, isRest: false }));
  if (rest.length > 0)
    hosts.push({
      label: `${rest.length} others`,
      bytes: rest.reduce((sum, [, { bytes }]) => sum + bytes, 0),
      isRest: true,
    });
  const indexes = new Map(drawn.map(([label], index) => [label, index]));
  return { hosts, edges: edgesOf(pairs, (label) => indexes.get(label) ?? drawn.length) };
}

function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function edgesOf(pairs: readonly Pair[], indexOf: (label: string) => number): Edge[] {
  const edges = new Map<string, Building>();
  for (const pair of pairs) {
    const [client, server] = [indexOf(endText(pair.client)), indexOf(endText(pair.server))];
    const key = `${client} ${server}`;
    const edge = edges.get(key) ?? { client, server, packets: 0, bytes: 0, protocols: new Set(), errors: new Map() };
    edges.set(key, edge);
    edge.packets += pair.packets;
    edge.bytes += pair.bytes;
    for (const protocol of pair.protocols) edge.protocols.add(protocol);
    for (const { what, count } of pair.errors) edge.errors.set(what, (edge.errors.get(what) ?? 0) + count);
  }
  return [...edges.values()]
    .map(({ protocols, errors, ...edge }) => ({
      ...edge,
      protocols: [...protocols],
      errors: [...errors].map(([what, count]) => ({ what, count })),
    }))
    .toSorted((a, b) => a.client - b.client || a.server - b.server);
}
