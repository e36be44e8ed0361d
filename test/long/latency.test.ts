import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import type { Agent } from '../support/agent/agent.ts';
import { firstPacket } from '../support/agent/firstPacket.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { agentRootfs } from '../support/agent/rootfs.ts';
import { sendSteadily } from '../support/agent/steadyPackets.ts';
import { makeCpuGroup, type CpuGroup } from '../support/bench/agent/cpuGroup.ts';
import { readNumbered } from '../support/cluster/sequence.ts';

/**
 * How long users wait, in milliseconds, by the times of packets that are stored: 5,000 a second, so to 0.2 ms.
 * Measure on a machine that does nothing else: `npm run test:long -- test/long/latency.test.ts`.
 */
const rounds = Number(process.env['PACKET_CAPTURE_LATENCY_ROUNDS'] ?? 100);
const perSecond = 5000;
const port = 9999;

const { folder, network, start } = useAgents();
let root = '';
let group: CpuGroup;

beforeAll(async () => {
  root = await agentRootfs(stderrProgress);
  group = await makeCpuGroup(`packet-capture-latency-${process.pid}`);
}, 1_800_000);
afterAll(() => group.remove());

/** When the numbered packets came that are stored, in milliseconds since 1970, in order. */
async function times(agent: Agent): Promise<number[]> {
  const packets = await readNumbered(await agent.files(), port);
  return packets.map(({ time }) => time * 1000).toSorted((a, b) => a - b);
}

function figures(all: readonly number[]): { readonly median: number; readonly p95: number; readonly most: number } {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN) * 10) / 10;
  return { median: at(0.5), p95: at(0.95), most: at(1) };
}

/** As a container of the chart's is limited, and without a limit. */
const limits = [
  ['without a limit', undefined],
  ['with a limit of 250m', 0.25],
] as const;

test.each(limits)('%s, a new filter is in force within 50 ms at the median', async (limit, cores) => {
  await group.limit(cores);
  const settings = { filter: 'udp port 1', 'file-count': '1000', 'buffer-size': '8Mi' };
  const agent = await start({
    root,
    network: { ...network(), enterPod: [...group.enter, ...network().enterPod] },
    settings,
  });
  await agent.next('started');
  const stop = sendSteadily(network(), perSecond);
  onTestFinished(async () => void (await stop()));
  await sleep(500);
  const [on, off]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    // New ones each time: those of before are remembered.
    on.push(await agent.set({ filter: `udp port 9999 and not port ${10_000 + round}` }));
    await agent.next('started');
    await sleep(100 + (round % 10) * 7);
    off.push(await agent.set({ filter: `udp port ${10_000 + round}` }));
    await agent.next('started');
    await sleep(100 + (round % 7) * 11);
  }
  await stop();
  await agent.stop();
  const stored = await times(agent);
  const begins = on.map((from) => (stored.find((time) => time >= from) ?? Number.NaN) - from);
  const ends = off.map(
    (from, round) => (stored.findLast((time) => time < (on[round + 1] ?? Infinity)) ?? Number.NaN) - from,
  );
  console.log(
    JSON.stringify({
      limit,
      'ms until a filter lets through': figures(begins),
      'ms until one holds back': figures(ends),
    }),
  );
  expect(figures(begins).median).toBeLessThanOrEqual(50);
  expect(figures(ends).median).toBeLessThanOrEqual(50);
});

test.each(limits)('%s, the first packet is captured within 100 ms of the start at the median', async (limit, cores) => {
  await group.limit(cores);
  const stop = sendSteadily(network(), perSecond);
  onTestFinished(async () => void (await stop()));
  const found: number[] = [];
  for (let round = 0; round < rounds / 5; round += 1) {
    const startNote = join(await folder(), 'started');
    const agent = await start({
      root,
      network: { ...network(), enterPod: [...group.enter, ...network().enterPod] },
      settings: { filter: `udp port 9999 and not port ${10_000 + round}` },
      startNote,
    });
    found.push(await firstPacket(agent, startNote));
  }
  await stop();
  console.log(JSON.stringify({ limit, 'ms from exec to the first packet': figures(found) }));
  expect(figures(found).median).toBeLessThanOrEqual(100);
});
