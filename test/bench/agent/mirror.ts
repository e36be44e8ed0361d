import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../../scripts/cluster/command.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { startAgent } from '../../support/agent/agent.ts';
import { makeNetwork, type Network } from '../../support/agent/network.ts';
import { agentRootfs } from '../../support/agent/rootfs.ts';
import { makeCpuGroup, type CpuGroup } from '../../support/bench/agent/cpuGroup.ts';
import { median, type Figure } from '../../support/bench/figure.ts';

/** No mirror; one with a filter that selects nothing of the traffic; one of all of it. */
const setups = ['without', 'filtered', 'mirrored'] as const;
type Setup = (typeof setups)[number];
const directions = ['sends', 'receives'] as const;
type Direction = (typeof directions)[number];

const rounds = 5;
const seconds = 2;
/** Writes of 62,500 bytes: two thousand a second are 1 Gbit/s. */
const writeBytes = 62_500;
const gigabit = 2000;
const ports = { sink: '9999', echo: '9998' } as const;
const addresses = { pod: '10.99.0.2', world: '10.99.0.1' } as const;

/**
 * What the app of a mirrored pod feels: a connection as fast as it goes, the CPU of one at 1 Gbit/s, and round trips.
 */
export async function benchMirror(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  const group = await makeCpuGroup('packet-capture-bench-mirror');
  const network = await makeNetwork();
  try {
    await network.addInterface('eth0', 0);
    const root = await agentRootfs(stderrProgress);
    await dropCopies(network, root);
    const mirror = await startMirror(network, root, folder);
    const app = await startApp(network, group, folder);
    const taken = new Map<string, number[]>();
    const take = (what: string, value: number): void => {
      taken.set(what, [...(taken.get(what) ?? []), value]);
    };
    for (let round = 0; round < rounds; round += 1) {
      for (const setup of setups) {
        stderrProgress(`round ${round + 1} of ${rounds}: ${setup}`);
        await mirror.be(setup);
        for (const direction of directions) {
          take(`${setup} ${direction} fast`, (await app.stream(direction, 1e9)).gigabits);
          const paced = await app.stream(direction, gigabit);
          take(`${setup} ${direction} cpu`, paced.cores / paced.gigabits);
        }
        take(`${setup} trip`, await app.roundTrip());
      }
    }
    app.stop();
    await mirror.stop();
    return figuresOf((what) => median(taken.get(what) ?? []));
  } finally {
    network.close();
    await group.remove();
    await rm(folder, { recursive: true });
  }
}

/** Lets the collector's machine throw away what comes, before it costs anything: it is another one, as a rule. */
async function dropCopies(network: Network, root: string): Promise<void> {
  const { stdout } = await run([
    'chroot',
    root,
    '/usr/bin/tcpdump',
    '-ddd',
    '-y',
    'EN10MB',
    `udp and src host ${addresses.pod}`,
  ]);
  // What the program returns is the verdict: 2 to drop, -1 to go on (TC_ACT_SHOT, TC_ACT_UNSPEC).
  const program = stdout
    .trim()
    .replaceAll(/^6 0 0 0$/gm, '6 0 0 4294967295')
    .replaceAll(/^6 0 0 262144$/gm, '6 0 0 2')
    .replaceAll('\n', ',');
  const tc = [...network.enterWorld, 'tc'];
  await run([...tc, 'qdisc', 'add', 'dev', 'eth0', 'clsact']);
  await run([...tc, 'filter', 'add', 'dev', 'eth0', 'ingress', 'bpf', 'da', 'bytecode', program]);
}

interface Mirror {
  readonly be: (setup: Setup) => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function startMirror(network: Network, root: string, folder: string): Promise<Mirror> {
  const [captures, volume] = [join(folder, 'captures'), join(folder, 'settings')];
  await run(['mkdir', captures, volume]);
  await chmod(captures, 0o777);
  await chmod(folder, 0o755);
  const settings = { mirror: `vxlan://${addresses.world}`, state: 'idle' };
  // It shares a volume with a capture agent that may not capture: what a capture takes is measured elsewhere.
  const agent = await startAgent({ root, network, captures, volume, settings, capability: '' });
  const mirror = await startAgent({
    root,
    network,
    captures,
    volume,
    settings,
    program: 'mirror',
    capability: 'net_admin',
  });
  let now: Setup = 'without';
  return {
    be: async (setup) => {
      if (setup === now) return;
      now = setup;
      await agent.set(
        setup === 'without' ? { state: 'idle' } : { state: '', filter: setup === 'filtered' ? 'port 1' : '' },
      );
      await mirror.next(setup === 'without' ? 'mirror stopped' : 'mirror started');
    },
    stop: async () => {
      await mirror.stop();
      await agent.kill();
    },
  };
}

interface App {
  /** One connection for some seconds: what got through it, and what both of its ends took of the CPU. */
  readonly stream: (direction: Direction, writesPerSecond: number) => Promise<{ gigabits: number; cores: number }>;
  /** Microseconds of a round trip from the world to the pod, the median of many. */
  readonly roundTrip: () => Promise<number>;
  readonly stop: () => void;
}

async function startApp(network: Network, group: CpuGroup, folder: string): Promise<App> {
  const program = join(folder, 'traffic');
  await run([
    'gcc',
    '-std=c11',
    '-O2',
    '-o',
    program,
    join(import.meta.dirname, '../../support/bench/agent/traffic.c'),
  ]);
  const enters = { pod: network.enterPod, world: network.enterWorld } as const;
  const serve = async (where: keyof typeof enters, what: keyof typeof ports): Promise<() => void> => {
    const argv = ['--pdeathsig', 'KILL', ...group.enter, ...enters[where], program, what, ports[what]];
    const child = spawn('setpriv', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return () => child.kill('SIGKILL');
  };
  const stops = [await serve('pod', 'sink'), await serve('world', 'sink'), await serve('pod', 'echo')];
  const ask = async (from: keyof typeof enters, ...args: readonly string[]): Promise<number> =>
    Number((await run([...group.enter, ...enters[from], program, ...args])).stdout);
  return {
    stream: async (direction, writesPerSecond) => {
      const [from, to] = direction === 'sends' ? (['pod', 'world'] as const) : (['world', 'pod'] as const);
      const used = async (): Promise<number> => (await group.seconds()) + (await softirqSeconds());
      const before = await used();
      const start = performance.now();
      const writes = await ask(
        from,
        'tcp',
        addresses[to],
        ports.sink,
        String(writeBytes),
        String(writesPerSecond),
        String(seconds),
      );
      const took = (performance.now() - start) / 1000;
      await sleep(100);
      return { gigabits: (writes * writeBytes * 8) / 1e9 / took, cores: ((await used()) - before) / took };
    },
    roundTrip: async () => (await ask('world', 'ping', addresses.pod, ports.echo, '3000')) / 1000,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

/** What the kernel's own threads have run so far for packets that they took over from the processes of their CPU. */
async function softirqSeconds(): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const times = await Promise.all(
    pids.map(async (pid) => {
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return name.startsWith('ksoftirqd/')
        ? Number((await readFile(`/proc/${pid}/schedstat`, 'utf8')).split(' ')[0]) / 1e9
        : 0;
    }),
  );
  return times.reduce((sum, time) => sum + time, 0);
}

function figuresOf(of: (what: string) => number): Figure[] {
  const ratio = (what: string, setup: Setup): string => (of(`${setup} ${what}`) / of(`without ${what}`)).toFixed(2);
  const row = (what: string, name: string, unit: string, digits: number): Figure => ({
    what: name,
    measured: `${of(`mirrored ${what}`).toFixed(digits)} ${unit}, ratio ${ratio(what, 'mirrored')}`,
    goal: 'none',
    beside: `without a mirror ${of(`without ${what}`).toFixed(digits)} ${unit}; its filter selects nothing: ratio ${ratio(what, 'filtered')}`,
  });
  return [
    row('sends fast', 'a mirrored pod sends over TCP, as fast as it goes', 'Gbit/s', 1),
    row('receives fast', 'it receives over TCP, as fast as it goes', 'Gbit/s', 1),
    row('sends cpu', 'CPU of both ends while it sends 1 Gbit/s over TCP', 'cores', 3),
    row('receives cpu', 'CPU of both ends while it receives 1 Gbit/s over TCP', 'cores', 3),
    row('trip', 'a round trip of 64 bytes over TCP, median', 'µs', 1),
  ];
}
