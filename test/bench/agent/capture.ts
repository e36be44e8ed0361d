import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { makeNetwork } from '../../agent/network.ts';
import { agentRootfs } from '../../agent/rootfs.ts';
import { median, type Figure } from '../figure.ts';
import { programs, startCapture, type Program, type Site } from './captures.ts';
import { kinds, limits, type Cell } from './cells.ts';
import { makeCpuGroup } from './cpuGroup.ts';
import { plotRates } from './plots.ts';
import { searchHighest, type Ceiling } from './search.ts';
import { startTraffic, type Kind, type Traffic } from './traffic.ts';
import { runTrial } from './trial.ts';

const seconds = 2;
const rounds = 7;

/** Captures in a pod's network namespace: how much without a loss, at what cost, and what the app feels of it. */
export async function benchCapture(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  const group = await makeCpuGroup('packet-capture-bench-agent');
  const network = await makeNetwork();
  try {
    await network.addInterface('eth0', 0);
    const site: Site = { root: await agentRootfs(stderrProgress), network, group };
    const traffic = await startTraffic(network, folder);
    const cells = await searchCells(site, traffic);
    await plotRates(cells);
    const figures = [...cells.map(rateFigure), ratioFigure(cells), gigabitFigure(cells), ...(await costFigures(site, traffic)), ...(await latencyFigures(site, traffic))];
    traffic.stop();
    return figures;
  } finally {
    network.close();
    await group.remove();
    await rm(folder, { recursive: true });
  }
}

async function searchCells(site: Site, traffic: Traffic): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const kind of kinds) {
    stderrProgress(`looking for what the sender can do: ${kind.name}`);
    const highest = await senderCeiling(traffic, kind);
    for (const cores of limits) {
      const ceilings: [Program, Ceiling][] = [];
      for (const program of programs) {
        stderrProgress(`looking for the highest rate without a loss: ${program}, ${kind.name}, ${cores} CPU`);
        ceilings.push([program, await searchHighest(highest, (rate) => runTrial(program, site, traffic, kind, rate, seconds, cores))]);
      }
      cells.push({ kind, cores, ceilings: Object.fromEntries(ceilings) as Cell['ceilings'] });
    }
  }
  return cells;
}

/** Without a capture. Nine tenths of it, so that the sender keeps its pace. */
async function senderCeiling(traffic: Traffic, kind: Kind): Promise<number> {
  const { sent, seconds: took } = await traffic.send(kind, 1e6, seconds);
  return (sent / took) * 0.9;
}

const megabits = ({ size }: Kind, rate: number): number => (rate * size * 8) / 1e6;

function formatRate({ kind, ceilings }: Cell, program: Program): string {
  const { rate, atLeast } = ceilings[program];
  return `${atLeast ? 'at least ' : ''}${(rate / 1000).toFixed(1)} thousand a second (${megabits(kind, rate).toFixed(0)} Mbit/s)`;
}

const ratioOf = ({ ceilings }: Cell): number => ceilings.agent.rate / ceilings.dumpcap.rate;

function rateFigure(cell: Cell): Figure {
  return {
    what: `${cell.kind.name}, all of them stored, at a CPU limit of ${cell.cores * 1000}m`,
    measured: formatRate(cell, 'agent'),
    goal: 'see the next but last rows',
    beside: `bare dumpcap ${formatRate(cell, 'dumpcap')}, ratio ${ratioOf(cell).toFixed(2)}; bare tcpdump ${formatRate(cell, 'tcpdump')}`,
  };
}

function ratioFigure(cells: readonly Cell[]): Figure {
  return {
    what: 'the rates above, over those of bare dumpcap',
    measured: `ratio ${median(cells.map(ratioOf)).toFixed(2)}, median of ${cells.length}`,
    goal: 'at least 0.97',
    beside: `bare tcpdump over bare dumpcap ${median(cells.map(({ ceilings }) => ceilings.tcpdump.rate / ceilings.dumpcap.rate)).toFixed(2)}`,
  };
}

function gigabitFigure(cells: readonly Cell[]): Figure {
  const cell = cells.find(({ kind, cores }) => kind.protocol === 'udp' && kind.size === 1400 && cores === 0.25);
  if (cell === undefined) throw new Error('nothing was measured at 250m');
  const of = (program: Program): string => `${megabits(cell.kind, cell.ceilings[program].rate).toFixed(0)} Mbit/s`;
  return { what: 'UDP of 1400 bytes without a loss at 250m', measured: of('agent'), goal: '1000 Mbit/s', beside: `bare dumpcap ${of('dumpcap')}, bare tcpdump ${of('tcpdump')}` };
}

/** At a rate that all of them keep up with, one after the other in each round. */
async function costFigures(site: Site, traffic: Traffic): Promise<Figure[]> {
  const [kind, rate] = [{ protocol: 'udp', size: 1400 } as const, 20_000];
  const costs: Record<Program, number[]> = { agent: [], dumpcap: [], tcpdump: [] };
  stderrProgress(`measuring the CPU that packets take, ${rounds} rounds`);
  for (let round = 0; round < rounds; round += 1) {
    for (const program of programs) costs[program].push((await runTrial(program, site, traffic, kind, rate, 4, undefined)).cpuPerMillion);
  }
  const of = (program: Program): number => median(costs[program]);
  return [
    {
      what: 'CPU for a million packets of 1400 bytes',
      measured: `${of('agent').toFixed(2)} s, ratio ${(of('agent') / of('dumpcap')).toFixed(2)}`,
      goal: 'at most 1.05 of bare dumpcap',
      beside: `bare dumpcap ${of('dumpcap').toFixed(2)} s, bare tcpdump ${of('tcpdump').toFixed(2)} s`,
    },
  ];
}

/** What an app feels whose packets are captured: the time of a round trip of 64 bytes, with and without, in turn. */
async function latencyFigures(site: Site, traffic: Traffic): Promise<Figure[]> {
  const trips = 20_000;
  const added: Record<Program, number[]> = { agent: [], dumpcap: [], tcpdump: [] };
  const bare: number[] = [];
  stderrProgress(`measuring round trips, ${rounds} rounds`);
  await traffic.roundTrip(trips);
  for (let round = 0; round < rounds; round += 1) {
    for (const program of programs) {
      const without = await traffic.roundTrip(trips);
      const capture = await startCapture(program, site);
      const during = await traffic.roundTrip(trips);
      await capture.stop();
      await capture.remove();
      bare.push(without);
      added[program].push(during - without);
    }
  }
  const of = (program: Program): string => `${(median(added[program]) / 1000).toFixed(2)} µs`;
  return [
    {
      what: 'added to a round trip of the app, median',
      measured: of('agent'),
      goal: 'under 1 µs',
      beside: `a round trip without ${(median(bare) / 1000).toFixed(1)} µs; bare dumpcap adds ${of('dumpcap')}, bare tcpdump ${of('tcpdump')}`,
    },
  ];
}
