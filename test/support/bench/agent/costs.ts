import { stderrProgress } from '../../../../scripts/cluster/progress.ts';
import { median, type Figure } from '../figure.ts';
import { programs, startCapture, type Program, type Site } from './captures.ts';
import type { Traffic } from './traffic.ts';
import { runTrial, type Load, type Trial } from './trial.ts';

const record = <T>(of: (program: Program) => T): Record<Program, T> =>
  Object.fromEntries(programs.map((program) => [program, of(program)])) as Record<Program, T>;

/** CPU and memory at a rate that all of them keep up with, one after the other in each round. */
export async function costFigures(site: Site, traffic: Traffic, rounds: number): Promise<Figure[]> {
  const sizes = [1400, 64] as const;
  const figures: Figure[] = [];
  for (const size of sizes) {
    const load: Load = {
      kind: { protocol: 'udp', size },
      perSecond: 20_000,
      seconds: 3,
      cores: undefined,
      settleMs: 1250,
    };
    stderrProgress(`measuring what packets of ${size} bytes take, ${rounds} rounds`);
    const trials = record<Trial[]>(() => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const program of programs) trials[program].push(await runTrial(program, site, traffic, load));
    }
    figures.push(cpuFigure(trials, size));
    if (size === sizes[0]) figures.push(memoryFigure(trials));
  }
  return figures;
}

function cpuFigure(trials: Readonly<Record<Program, readonly Trial[]>>, size: number): Figure {
  const cpu = record((program) => median(trials[program].map(({ cpuPerMillion }) => cpuPerMillion)));
  const ratio = median(
    trials.agent.map(
      ({ cpuPerMillion }, round) => cpuPerMillion / (trials.tcpdump[round]?.cpuPerMillion ?? Number.NaN),
    ),
  );
  return {
    what: `CPU for a million packets of ${size} bytes, 20,000 a second`,
    measured: `${cpu.agent.toFixed(2)} s, ratio ${ratio.toFixed(2)}`,
    goal: 'at most that of bare tcpdump',
    beside: `bare tcpdump ${cpu.tcpdump.toFixed(2)} s`,
  };
}

function memoryFigure(trials: Readonly<Record<Program, readonly Trial[]>>): Figure {
  const megabytes = (program: Program): string =>
    `${median(trials[program].map((trial) => trial.megabytes)).toFixed(2)} MB`;
  return {
    what: 'anonymous memory while these come',
    measured: megabytes('agent'),
    goal: 'at most 3 MB besides the ring',
    beside: `bare tcpdump ${megabytes('tcpdump')}`,
  };
}

/** What an app feels whose packets are captured: the time of a round trip of 64 bytes, with and without, in turn. */
export async function latencyFigures(site: Site, traffic: Traffic, rounds: number): Promise<Figure[]> {
  const trips = 20_000;
  const added = record<number[]>(() => []);
  const bare: number[] = [];
  stderrProgress(`measuring round trips, ${rounds} rounds`);
  await traffic.roundTrip(trips);
  for (let round = 0; round < rounds; round += 1) {
    for (const program of programs) {
      site.signal.throwIfAborted();
      const before = await traffic.roundTrip(trips);
      const capture = await startCapture(program, site);
      try {
        const during = await traffic.roundTrip(trips);
        await capture.stop();
        const after = await traffic.roundTrip(trips);
        bare.push(before, after);
        added[program].push(during - (before + after) / 2);
      } finally {
        await capture.remove();
      }
    }
  }
  const of = (program: Program): string => `${(median(added[program]) / 1000).toFixed(2)} µs`;
  return [
    {
      what: 'added to a round trip of the app, median',
      measured: of('agent'),
      goal: 'no more than bare tcpdump',
      beside: `a round trip without ${(median(bare) / 1000).toFixed(1)} µs; bare tcpdump adds ${of('tcpdump')}`,
    },
  ];
}
