import { dirname, join } from 'node:path';
import { type CommandOptions, type CommandResult, capture } from './command.ts';
import { systemPath } from './components.ts';
import { programPaths } from './goBuild.ts';
import { kubernetesOf } from './goModules.ts';
import { inNetns } from './machine.ts';
import { versionsOf } from './nodeVersions.ts';
import type { ClusterHandle } from './paths.ts';

/**
 * What a program needs in its environment to find the node's kubectl and its kubeconfig; it must also run in the
 * network namespace, see {@link runInNetns}.
 */
export async function clusterEnvironment(handle: ClusterHandle): Promise<Record<string, string>> {
  const program = await kubectlOf(handle);
  return {
    KUBECONFIG: handle.kubeconfig,
    KUBECTL: program,
    // All nodes have the same address, by which kubectl and helm store which kinds of objects a cluster has.
    KUBECACHEDIR: join(handle.stateDir, 'kube-cache'),
    PATH: [dirname(program), process.env['PATH'] ?? systemPath].join(':'),
    // Nothing in the namespace can be reached by a proxy.
    NO_PROXY: '*',
    no_proxy: '*',
  };
}

/**
 * Runs a program in the node's network namespace, with {@link clusterEnvironment}; never throws for its exit code.
 * Only from there the API server, Services and pods can be reached.
 */
export async function runInNetns(
  handle: ClusterHandle,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const env = { ...(await clusterEnvironment(handle)), ...options.env };
  return capture(inNetns(handle.netns, argv), { ...options, env });
}

/** Runs kubectl as the cluster's administrator; never throws for its exit code. */
export async function kubectl(
  handle: ClusterHandle,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const program = await kubectlOf(handle);
  return runInNetns(handle, [program, ...args], options);
}

/** The kubectl of the node's own version. */
async function kubectlOf(handle: ClusterHandle): Promise<string> {
  return (await programPaths(kubernetesOf((await versionsOf(handle)).kubernetes))).kubectl;
}
