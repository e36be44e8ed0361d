import { setTimeout as sleep } from 'node:timers/promises';
import type { NamedAttack } from './attackList.ts';
import { metric } from './client.ts';
import type { Confinement } from './confined.ts';
import { flood, type FloodResult } from './flood.ts';
import type { RunningInjector } from './injector.ts';
import { sendMany } from './many.ts';
import { bodyOf, podOf } from './samples.ts';
import { startStream, type StreamResult } from './stream.ts';

/** What an attack did to an injector and to the reviews of others. */
export interface Siege {
  readonly attack: string;
  /** It lives, all others were answered, 99 of 100 within a second, and its memory is back within a fifth. */
  readonly held: boolean;
  readonly oomKills: number;
  readonly stream: StreamResult;
  readonly results: readonly FloodResult[];
  /** Resident memory before and after, in MB, and the most that was charged to the cgroup since it is there. */
  readonly beforeMb: number;
  readonly afterMb: number;
  readonly mostMb: number;
  readonly inFlight: number;
}

const resident = async (injector: RunningInjector): Promise<number> =>
  ((await metric(injector, 'process_resident_memory_bytes')) ?? Number.NaN) / 1e6;

export interface SiegeOptions {
  readonly injector: RunningInjector;
  readonly ca: string;
  readonly group: Confinement;
}

/** Attacks an injector while others have reviews for it, and looks at what remains. */
export async function besiege(
  { name, flood: attack, processes = 1, heldMs = 0 }: NamedAttack,
  { injector, ca, group }: SiegeOptions,
): Promise<Siege> {
  const { port } = injector;
  const isAlive = (): boolean => injector.process.exitCode === null && injector.process.signalCode === null;
  const beforeMb = await resident(injector);
  const endStream = startStream(port, ca);
  const { results, end } = await flood({ ...attack, port, ca }, processes);
  await sleep(heldMs);
  await end();
  const stream = await endStream();
  const isBack = (afterMb: number, inFlight: number): boolean => afterMb <= beforeMb * 1.2 && inFlight === 0;
  let [afterMb, inFlight] = [Number.NaN, Number.NaN];
  const deadline = performance.now() + settleMs;
  while (isAlive() && !isBack(afterMb, inFlight) && performance.now() < deadline) {
    await sleep(250);
    [afterMb, inFlight] = [
      await resident(injector),
      (await metric(injector, 'packet_capture_injector_reviews_in_flight')) ?? Number.NaN,
    ];
  }
  const oomKills = await group.killed();
  const held =
    isAlive() && oomKills === 0 && stream.failures.length === 0 && stream.p99Ms <= 1000 && isBack(afterMb, inFlight);
  const round = (value: number): number => Math.round(value);
  return {
    attack: name,
    held,
    oomKills,
    stream,
    results,
    beforeMb: round(beforeMb),
    afterMb: round(afterMb),
    mostMb: round((await group.most()) / 1e6),
    inFlight,
  };
}

/** Until the memory is back, at most. */
const settleMs = 60_000;

/** V8 needs some thousand reviews until it has the memory that it keeps. */
export async function warmUp({ port }: RunningInjector, ca: string): Promise<void> {
  await sendMany(port, ca, bodyOf(podOf()), 3000);
}

/** As docs/injector.md has it. */
export function siegeTable(sieges: readonly Siege[]): string {
  const rows = sieges.map(
    ({ attack, stream: { answered, p50Ms, p99Ms, mostMs }, beforeMb, afterMb, mostMb }) =>
      `| ${attack} | ${answered} | ${p50Ms}, ${p99Ms}, ${mostMs} ms | ${mostMb} MB | ${beforeMb}, ${afterMb} MB |`,
  );
  return [
    '| attack | reviews of others, all answered | median, 99 %, most | charged at most | resident before, after |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
