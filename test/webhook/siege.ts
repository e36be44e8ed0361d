import { setTimeout as sleep } from 'node:timers/promises';
import { metric } from './client.ts';
import type { Confinement } from './confined.ts';
import { flood, type Flood, type FloodResult } from './flood.ts';
import type { RunningInjector } from './injector.ts';
import { startStream, type StreamResult } from './stream.ts';

/** What an attack did to an injector and to the reviews of others. */
export interface Siege {
  readonly attack: string;
  readonly alive: boolean;
  readonly oomKills: number;
  readonly stream: StreamResult;
  readonly results: readonly FloodResult[];
  /** Resident memory before and after, in MB, and the most that was charged to the cgroup since it is there. */
  readonly beforeMb: number;
  readonly afterMb: number;
  readonly mostMb: number;
  readonly inFlight: number;
}

const resident = async (injector: RunningInjector): Promise<number> => ((await metric(injector, 'process_resident_memory_bytes')) ?? Number.NaN) / 1e6;

export interface SiegeOptions {
  readonly injector: RunningInjector;
  readonly ca: string;
  readonly group: Confinement;
  readonly processes?: number;
  /** The attack goes on for so long once all is sent. */
  readonly heldMs?: number;
  /** How long to wait at most until the memory is back. */
  readonly settleMs?: number;
}

/** Attacks an injector while others have reviews for it, and looks at what remains. */
export async function besiege(name: string, attack: Omit<Flood, 'port' | 'ca'>, { injector, ca, group, processes = 1, heldMs = 0, settleMs = 20_000 }: SiegeOptions): Promise<Siege> {
  const { port } = injector;
  const isAlive = (): boolean => injector.process.exitCode === null && injector.process.signalCode === null;
  const beforeMb = await resident(injector);
  const endStream = startStream(port, ca);
  const { results, end } = await flood({ ...attack, port, ca }, processes);
  await sleep(heldMs);
  await end();
  const stream = await endStream();
  let afterMb = Number.NaN;
  let inFlight = Number.NaN;
  const deadline = performance.now() + settleMs;
  while (isAlive()) {
    afterMb = await resident(injector);
    inFlight = (await metric(injector, 'packet_capture_injector_reviews_in_flight')) ?? Number.NaN;
    if ((afterMb <= beforeMb * 1.2 && inFlight === 0) || performance.now() > deadline) break;
    await sleep(250);
  }
  const round = (value: number): number => Math.round(value);
  return { attack: name, alive: isAlive(), oomKills: await group.killed(), stream, results, beforeMb: round(beforeMb), afterMb: round(afterMb), mostMb: round((await group.most()) / 1e6), inFlight };
}
