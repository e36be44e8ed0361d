import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { makeNetwork } from '../../support/agent/network.ts';
import { agentRootfs } from '../../support/agent/rootfs.ts';
import type { Site } from '../../support/bench/agent/captures.ts';
import { kinds } from '../../support/bench/agent/cells.ts';
import { costFigures, latencyFigures } from '../../support/bench/agent/costs.ts';
import { makeCpuGroup } from '../../support/bench/agent/cpuGroup.ts';
import { plotRates } from '../../support/bench/agent/plots.ts';
import { rateFigures } from '../../support/bench/agent/rateFigures.ts';
import { searchCells } from '../../support/bench/agent/rates.ts';
import { startTraffic, type Traffic } from '../../support/bench/agent/traffic.ts';
import type { BenchOptions, Findings } from '../../support/bench/figure.ts';

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
