import { join } from 'node:path';
import { afterEach } from 'vitest';
import { run } from '../../../scripts/cluster/command.ts';
import type { SettingValues } from '../../../src/settings/index.ts';
import type { Agent, AgentOptions } from './agent.ts';
import type { Status } from './agentFiles.ts';
import { tshark } from './captureFile.ts';
import { useAgents } from './fixture.ts';
import type { Network } from './network.ts';
import { receiveVxlan } from './vxlanCollector.ts';

export interface MirroredPod {
  readonly captures: string;
  readonly volume: string;
  readonly agent: Agent;
  readonly mirror: Agent;
}

interface Received {
  readonly file: string;
  /** Ends the collector; the file is whole then. */
  readonly end: () => Promise<void>;
}

interface MirrorFixture {
  readonly network: () => Network;
  readonly folder: () => Promise<string>;
  readonly start: (options?: Partial<AgentOptions>) => Promise<Agent>;
  /** The agent, and beside it the mirror, in containers that share what those of a pod share. */
  readonly startPod: (settings: SettingValues, options?: Partial<AgentOptions>) => Promise<MirroredPod>;
  /** A collector at `10.99.0.1`, or another address of the world's, that ends with the test. */
  readonly collect: (port: number, vni: number, local?: string) => Promise<Received>;
  /** Gives both sides of eth0 addresses of IPv6: `fd00:99::1` is the world's, `fd00:99::2` the pod's. */
  readonly useIpv6: () => Promise<void>;
  /** Something to be called at the end of the test. */
  readonly atEnd: (end: () => Promise<void>) => void;
  /** What a command in the pod's namespace prints. */
  readonly inPod: (command: string) => Promise<string>;
  /** What there is of a mirror, and of others', in the pod. */
  readonly traces: () => Promise<string>;
}

export const mirrorProgram = { program: 'mirror', capability: 'net_admin' } as const;

/** What a test file needs to run pods with a mirror; sets up the hooks that clean up after them. */
export function useMirrors(): MirrorFixture {
  const { folder, network, start } = useAgents();
  let ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(ends.map((end) => end()));
    ends = [];
  });
  const inPod = async (command: string): Promise<string> =>
    (await run([...network().enterPod, 'sh', '-euc', command])).stdout;
  const inWorld = (command: string): Promise<unknown> => run([...network().enterWorld, 'sh', '-euc', command]);
  return {
    network,
    folder,
    start,
    startPod: async (settings, options = {}) => {
      const [captures, volume] = [await folder(), await folder()];
      const agent = await start({ captures, volume, settings, ...options });
      const mirror = await start({ captures, volume, settings, ...mirrorProgram });
      return { captures, volume, agent, mirror };
    },
    collect: async (port, vni, local) => {
      const file = join(await folder(), 'received.pcapng');
      const endVxlan = await receiveVxlan(network().enterWorld, { file, port, vni, local });
      let ended: Promise<void> | undefined;
      const end = async (): Promise<void> => (ended ??= endVxlan());
      ends.push(end);
      return { file, end };
    },
    useIpv6: async () => {
      await inWorld(
        'echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip address replace fd00:99::1/64 dev eth0 nodad',
      );
      await inPod(
        'echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip address replace fd00:99::2/64 dev eth0 nodad',
      );
    },
    atEnd: (end) => {
      ends.push(end);
    },
    inPod,
    traces: () =>
      inPod('ip -br link | cut -d " " -f 1; tc qdisc; tc filter show dev eth0 ingress; tc filter show dev eth0 egress'),
  };
}

/** What the agent's status says of the mirror. */
export function mirrorOf(status: Status): Readonly<Record<string, unknown>> {
  return (status['mirror'] ?? {}) as Readonly<Record<string, unknown>>;
}

/** The UDP ports to which packets in a file went, with how many to each. */
export async function portCounts(file: string): Promise<Record<string, number>> {
  const ports = (await tshark(file, 'udp.dstport')).map(([port = '']) => port);
  return Object.fromEntries([...new Set(ports)].map((port) => [port, ports.filter((other) => other === port).length]));
}
