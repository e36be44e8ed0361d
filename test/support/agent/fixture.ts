import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { startAgent, type Agent, type AgentOptions } from './agent.ts';
import { makeNetwork, type Network } from './network.ts';

interface Fixture {
  /** The network of the test file, with an interface eth0 in subnet 0. */
  readonly network: () => Network;
  /** Starts an agent that ends with the test; its folders are its own unless told. */
  readonly start: (options?: Partial<AgentOptions>) => Promise<Agent>;
  /** A folder that everyone may write to and that ends with the test. */
  readonly folder: () => Promise<string>;
}

/** What a test file needs to run agents; sets up the hooks that clean up after them. */
export function useAgents(): Fixture {
  let network: Network;
  let agents: Agent[] = [];
  let folders: string[] = [];
  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'packet-capture-agent-'));
    folders.push(path);
    await chmod(path, 0o777);
    return path;
  };
  beforeAll(async () => {
    network = await makeNetwork();
    await network.addInterface('eth0', 0);
  });
  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.kill()));
    await Promise.all(folders.map((path) => rm(path, { recursive: true })));
    agents = [];
    folders = [];
  });
  afterAll(() => network.close());
  return {
    network: () => network,
    folder,
    start: async (options = {}) => {
      const [captures, volume] = [options.captures ?? (await folder()), options.volume ?? (await folder())];
      const agent = await startAgent({ root: inject('agentRoot'), network, ...options, captures, volume });
      agents.push(agent);
      return agent;
    },
  };
}
