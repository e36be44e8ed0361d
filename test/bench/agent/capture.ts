import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { makeNetwork } from '../../agent/network.ts';
import { agentRootfs } from '../../agent/rootfs.ts';
import type { BenchOptions, Findings } from '../figure.ts';
import type { Site } from './captures.ts';
import { kinds } from './cells.ts';
import { costFigures, latencyFigures } from './costs.ts';
import { makeCpuGroup } from './cpuGroup.ts';
import { plotRates } from './plots.ts';
import { rateFigures } from './rateFigures.ts';
import { searchCells } from './rates.ts';
import { startTraffic, type Traffic } from './traffic.ts';

/** With what is measured before, twenty minutes in all. */
const searchMinutes = 14;

/** Captures in a pod's network namespace: at what cost, what the app feels of it, and how much without a loss. */
export async function benchCapture({ quick, signal }: BenchOptions): Promise<Findings> {
  const root = await agentRootfs(stderrProgress);
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  const group = await makeCpuGroup('packet-capture-bench-agent');
  const network = await makeNetwork();
  try {
    await network.addInterface('eth0', 0);
    const traffic = await startTraffic(network, group, folder);
    try {
      return await measure({ root, network, group, signal }, traffic, quick);
    } finally {
      traffic.stop();
    }
  } finally {
    network.close();
    await group.remove();
    await rm(folder, { recursive: true });
  }
}

async function measure(site: Site, traffic: Traffic, quick: boolean): Promise<Findings> {
  const costs = await costFigures(site, traffic, quick ? 1 : 5);
  const latency = await latencyFigures(site, traffic, quick ? 1 : 7);
  const cells = await searchCells(site, traffic, quick ? 4 : searchMinutes, quick ? kinds.slice(1, 2) : kinds);
  return { figures: [...rateFigures(cells), ...costs, ...latency], plots: quick ? [] : [await plotRates(cells)] };
}
