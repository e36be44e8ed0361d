import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../scripts/cluster/command.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { downCluster } from '../../scripts/cluster/teardown.ts';
import { upCluster } from '../../scripts/cluster/up.ts';
import { bundle, writeBundle } from '../../scripts/images/bundle.ts';
import { ensureInjectorImage } from '../../scripts/images/images.ts';
import { injectorRuntime } from '../../scripts/images/injectorRuntime.ts';
import { nodeBaseImage } from '../../scripts/images/nodeBase.ts';
import { issueMaterial, servingNames } from '../../src/certificates/index.ts';
import { compressedBytes } from '../support/bench/compressedBytes.ts';
import { median, type Figure } from '../support/bench/figure.ts';
import { measureCreations, type Obstacle } from '../support/bench/injector/creation.ts';
import type { LoadRequest, LoadResult } from '../support/bench/injector/load.ts';
import { others, plotCreations, plotThroughput } from '../support/bench/injector/plots.ts';
import { makeReview } from '../support/bench/injector/review.ts';
import {
  ask,
  host,
  memoryOf,
  path,
  scrape,
  startServer,
  type Memory,
  type ServerCommand,
} from '../support/bench/injector/servers.ts';

const rounds = 7;
const seconds = 2;
const creations = 500;

/**
 * What the injector can answer, how soon, and in how much memory, beside the barest server of the kind: both in turn,
 * under one load, with Node as the image runs it against Node as it comes. Then what a pod costs on a real node without
 * it, with a policy that does next to nothing, with ours, and with the webhook.
 */
export async function benchInjector(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  try {
    const servers = await prepare(folder);
    const first = await timeFirstAnswers(servers);
    return [...(await measureLoad(servers)), first, await imageFigure(), ...(await creationFigures())];
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Servers {
  readonly ours: ServerCommand;
  readonly bare: ServerCommand;
  /** File of the CA. */
  readonly ca: string;
}

const which = ['ours', 'bare'] as const;

/** Both programs bundled, as the image has it. */
async function prepare(folder: string): Promise<Servers> {
  const file = (name: string): string => join(folder, name);
  const { caBundle, certificate, key } = await issueMaterial({
    dnsNames: servingNames('injector', 'bench'),
    now: new Date(),
  });
  const files = {
    'ca.crt': caBundle,
    'tls.crt': certificate,
    'tls.key': key,
    // Block style, as the chart writes it.
    'sidecarconfig.yaml': 'agent: {}\nsettings: {}\nskipRuntimeClasses:\n- gvisor*\n- runsc*\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(file(name), text);
  const injector = await writeBundle(await bundle('src/cli/injector.ts'), file('injector'));
  const bareServer = await writeBundle(await bundle('test/support/bench/injector/bareServer.ts'), file('bareServer'));
  const { flags, env } = await injectorRuntime();
  const serve = [
    'serve',
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--metrics-port',
    '0',
    '--drain',
    '0s',
    '--config',
    file('sidecarconfig.yaml'),
    '--certificates',
    folder,
  ];
  const ours = { args: [...flags, injector, ...serve], env };
  await writeFile(file('patch.json'), await patchOf(ours, file('ca.crt')));
  return { ours, bare: { args: [bareServer, folder, file('patch.json')], env: {} }, ca: file('ca.crt') };
}

/** What the injector answers, for the other one to repeat. */
async function patchOf(command: ServerCommand, ca: string): Promise<string> {
  return withServers(async (children) => {
    const { port } = await startServer(command, children);
    const { response } = JSON.parse(await ask(port, await readFile(ca), JSON.stringify(makeReview(0, 'first')))) as {
      response: { patch: string };
    };
    return Buffer.from(response.patch, 'base64').toString();
  });
}

async function withServers<T>(work: (children: ChildProcess[]) => Promise<T>): Promise<T> {
  const children: ChildProcess[] = [];
  try {
    return await work(children);
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

/** From the start of the process to the answer of the first review. */
async function timeFirstAnswers(servers: Servers): Promise<Figure> {
  const ca = await readFile(servers.ca);
  const times: Record<(typeof which)[number], number[]> = { ours: [], bare: [] };
  stderrProgress('measuring the time to the first answer');
  for (let round = 0; round <= 2 * rounds; round += 1) {
    for (const name of which) {
      const elapsed = await withServers(async (children) => {
        const from = performance.now();
        const { port } = await startServer(servers[name], children);
        await ask(port, ca, JSON.stringify(makeReview(round, 'first')));
        return performance.now() - from;
      });
      if (round > 0) times[name].push(elapsed);
    }
  }
  const [ours, bare] = [median(times.ours), median(times.bare)];
  return {
    what: 'from the start of the process to its first answer',
    measured: `${ours.toFixed(0)} ms`,
    goal: 'at most 150 ms',
    beside: `bare server ${bare.toFixed(0)} ms, ratio ${(ours / bare).toFixed(2)}`,
  };
}

type Pair = Readonly<Record<(typeof which)[number], LoadResult>>;

async function measureLoad(servers: Servers): Promise<Figure[]> {
  return withServers(async (children) => {
    const running = {
      ours: await startServer(servers.ours, children),
      bare: await startServer(servers.bare, children),
    };
    const idle = await memoryOf(running.ours);
    await scrape(running.ours);
    const figures: Figure[] = [];
    const ratios: number[] = [];
    for (const connections of [1, 16]) {
      stderrProgress(`measuring reviews over ${connections} connections for ${2 * (rounds + 1) * seconds} s`);
      const pairs: Pair[] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const one = async (name: (typeof which)[number]): Promise<LoadResult> =>
          generateLoad({ port: running[name].port, host, path, ca: servers.ca, connections, seconds });
        // Neither of them always comes first. The first round warms both up.
        const results =
          round % 2 === 0
            ? [await one('ours'), await one('bare')]
            : [await one('bare'), await one('ours')].toReversed();
        const [ours, bare] = results as [LoadResult, LoadResult];
        if (round > 0) pairs.push({ ours, bare });
      }
      ratios.push(ratioOf(pairs, 'requestsPerSecond'));
      figures.push(...loadFigures(connections, pairs));
    }
    await plotThroughput([{ name: 'packet-capture', ratios: ratios as [number, number] }, ...others]);
    return [...figures, ...memoryFigures(idle, await memoryOf(running.ours), await memoryOf(running.bare))];
  });
}

async function generateLoad(request: LoadRequest): Promise<LoadResult> {
  const { stdout } = await run([
    process.execPath,
    join(import.meta.dirname, '../support/bench/injector/load.ts'),
    JSON.stringify(request),
  ]);
  return JSON.parse(stdout) as LoadResult;
}

function ratioOf(pairs: readonly Pair[], what: keyof LoadResult): number {
  return median(pairs.map(({ ours, bare }) => ours[what] / bare[what]));
}

function loadFigures(connections: number, pairs: readonly Pair[]): Figure[] {
  if (pairs.some(({ ours, bare }) => ours.failures + bare.failures > 0))
    throw new Error('a review was not answered with a patch');
  const of = (name: keyof Pair, what: keyof LoadResult): number => median(pairs.map((pair) => pair[name][what]));
  const over = `over ${connections} connection${connections === 1 ? '' : 's'}`;
  const figure = (what: string, key: keyof LoadResult, unit: string, digits: number, goal: string): Figure => ({
    what: `${what} ${over}`,
    measured: `${of('ours', key).toFixed(digits)} ${unit}, ratio ${ratioOf(pairs, key).toFixed(2)}`,
    goal,
    beside: `bare server ${of('bare', key).toFixed(digits)} ${unit}`,
  });
  return [
    figure('reviews of 10 KB answered', 'requestsPerSecond', 'a second', 0, 'ratio at least 0.85'),
    figure('time to an answer, median,', 'p50Ms', 'ms', 2, 'none'),
    figure('time to an answer, 99 %,', 'p99Ms', 'ms', 2, connections === 1 ? 'none' : 'ratio at most 1.5'),
  ];
}

function memoryFigures(idle: Memory, loaded: Memory, bare: Memory): Figure[] {
  const figure = (what: string, { resident, anonymous }: Memory, goal: string): Figure => ({
    what: `the injector's resident memory, ${what}`,
    measured: `${resident.toFixed(0)} MB, ${anonymous.toFixed(0)} MB of it its own`,
    goal,
    beside: `bare server after load ${bare.resident.toFixed(0)} MB and ${bare.anonymous.toFixed(0)} MB, ratio ${(resident / bare.resident).toFixed(2)}`,
  });
  return [figure('idle', idle, 'none'), figure('after load', loaded, 'at most 80 MB')];
}

async function imageFigure(): Promise<Figure> {
  const ours = (await compressedBytes(await ensureInjectorImage(stderrProgress))) / 1e6;
  const base = (await compressedBytes(nodeBaseImage)) / 1e6;
  return {
    what: "the injector's image, compressed",
    measured: `${ours.toFixed(1)} MB`,
    goal: 'under 50 MB',
    beside: `Debian with the same Node ${base.toFixed(1)} MB, ratio ${(ours / base).toFixed(2)}`,
  };
}

async function creationFigures(): Promise<Figure[]> {
  // A new API server: see measureCreations.
  await downCluster('bench', stderrProgress);
  const node = await upCluster({ name: 'bench', onProgress: stderrProgress });
  try {
    const { times, workingSet } = await measureCreations(node, creations);
    await plotCreations(times);
    const added = (obstacle: Obstacle): number => median(times[obstacle]) - median(times.none);
    const figure = (obstacle: 'policy' | 'webhook', goal: string, beside: string): Figure => ({
      what: `what the ${obstacle} adds to the creation of a pod, median of ${creations}`,
      measured: `${added(obstacle).toFixed(2)} ms`,
      goal,
      beside: `${beside}, ratio ${(added(obstacle) / (obstacle === 'policy' ? added('webhook') : median(times.none))).toFixed(2)}`,
    });
    const none = median(times.none).toFixed(2);
    return [
      figure(
        'policy',
        'at most a quarter of what the webhook adds',
        `the webhook ${added('webhook').toFixed(2)} ms, a policy of one operation ${added('bare-policy').toFixed(2)} ms`,
      ),
      figure('webhook', 'none', `a creation without either ${none} ms`),
      {
        what: `the injector's working set in a pod, as the kubelet counts it, after ${creations} pods`,
        measured: `${workingSet.toFixed(0)} MB`,
        goal: 'none',
        beside: '',
      },
    ];
  } finally {
    await downCluster('bench', stderrProgress);
  }
}
