import type { Edge, Graph } from './graph.ts';

/**
 * Puts hosts into columns, so that clients stand left of their servers as far as that is possible: the layered drawing
 * of Sugiyama, with the order of Eades, Lin and Smyth for circles. Deterministic.
 * @returns indexes of hosts, by column, from top to bottom
 */
export function layersOf({ hosts, edges }: Graph): number[][] {
  const between = edges.filter(({ client, server }) => client !== server);
  const order = orderOf(hosts.length, between);
  const place = new Map(order.map((host, index) => [host, index]));
  const forward = between.map(({ client, server }) =>
    (place.get(client) ?? 0) < (place.get(server) ?? 0) ? ([client, server] as const) : ([server, client] as const),
  );
  const level = levelsOf(order, forward);
  const layers: number[][] = [];
  for (const host of hosts.keys()) (layers[level[host] ?? 0] ??= []).push(host);
  return uncrossed(
    Array.from(layers, (layer) => layer ?? []).filter(({ length }) => length > 0),
    between,
  );
}

/** Clients first: whoever only asks goes to the front, whoever only answers to the end, then whoever asks most. */
function orderOf(count: number, edges: readonly Edge[]): number[] {
  const left = new Set(Array.from({ length: count }, (_, host) => host));
  const front: number[] = [];
  const back: number[] = [];
  while (left.size > 0) {
    const asks = new Map<number, number>();
    const answers = new Map<number, number>();
    for (const { client, server } of edges) {
      if (!left.has(client) || !left.has(server)) continue;
      asks.set(client, (asks.get(client) ?? 0) + 1);
      answers.set(server, (answers.get(server) ?? 0) + 1);
    }
    const sinks = [...left].filter((host) => !asks.has(host));
    const sources = [...left].filter((host) => !answers.has(host) && asks.has(host));
    if (sinks.length > 0) back.unshift(...sinks);
    front.push(...sources);
    for (const host of [...sinks, ...sources]) left.delete(host);
    if (sinks.length + sources.length > 0) continue;
    const excess = (host: number): number => (asks.get(host) ?? 0) - (answers.get(host) ?? 0);
    const [next] = [...left].toSorted((a, b) => excess(b) - excess(a) || a - b);
    if (next === undefined) break;
    front.push(next);
    left.delete(next);
  }
  return [...front, ...back];
}

/** The longest way to each host; whoever only asks stands just before the first that it asks. */
function levelsOf(order: readonly number[], forward: readonly (readonly [number, number])[]): number[] {
  const level = order.map(() => 0);
  const to = new Map<number, number[]>();
  const from = new Set<number>();
  for (const [client, server] of forward) {
    to.set(client, [...(to.get(client) ?? []), server]);
    from.add(server);
  }
  for (const host of order)
    for (const server of to.get(host) ?? []) level[server] = Math.max(level[server] ?? 0, (level[host] ?? 0) + 1);
  for (const host of order) {
    const servers = to.get(host) ?? [];
    if (!from.has(host) && servers.length > 0)
      level[host] = Math.min(...servers.map((server) => level[server] ?? 0)) - 1;
  }
  return level;
}

const sweeps = 12;

/** Orders each column by the mean height of its neighbours, to and fro, so that few edges cross. */
function uncrossed(layers: readonly number[][], edges: readonly Edge[]): number[][] {
  const neighbours = new Map<number, number[]>();
  for (const { client, server } of edges) {
    neighbours.set(client, [...(neighbours.get(client) ?? []), server]);
    neighbours.set(server, [...(neighbours.get(server) ?? []), client]);
  }
  const ordered = layers.map((layer) => [...layer]);
  const height = new Map<number, number>();
  const settle = (layer: readonly number[]): void => {
    for (const [index, host] of layer.entries()) height.set(host, (index + 0.5) / layer.length);
  };
  for (const layer of ordered) settle(layer);
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const columns = sweep % 2 === 0 ? [...ordered.keys()] : [...ordered.keys()].toReversed();
    for (const column of columns) {
      const layer = ordered[column] ?? [];
      const mean = new Map(layer.map((host) => [host, meanOf(neighbours.get(host) ?? [], height, height.get(host))]));
      layer.sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0) || a - b);
      settle(layer);
    }
  }
  return ordered;
}

function meanOf(hosts: readonly number[], height: ReadonlyMap<number, number>, without = 0): number {
  if (hosts.length === 0) return without;
  return hosts.reduce((sum, host) => sum + (height.get(host) ?? 0), 0) / hosts.length;
}
