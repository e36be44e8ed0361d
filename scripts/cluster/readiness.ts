import { capture, succeeds } from './command.ts';
import { kubectl } from './kubectl.ts';
import { apiServerServiceAddress, inNetns, nodeName } from './machine.ts';
import type { NodePrograms } from './nodeConfig.ts';
import type { ClusterHandle } from './paths.ts';

const timeout = '--request-timeout=5s';

export async function containerdIsReady(handle: ClusterHandle, programs: NodePrograms): Promise<boolean> {
  const ctr = [programs.containerd.ctr, '--connect-timeout=2s', `--address=${handle.containerdSocket}`];
  return succeeds([...ctr, 'plugins', 'ls'], { timeoutMs: 10_000 });
}

export async function apiServerIsReady(handle: ClusterHandle): Promise<boolean> {
  return (await kubectl(handle, ['get', '--raw', '/readyz', timeout])).exitCode === 0;
}

/** True once the address of the API server's own Service leads somewhere. */
export async function kubeProxyIsReady(handle: ClusterHandle): Promise<boolean> {
  const { stdout } = await capture(inNetns(handle.netns, ['nft', 'list', 'map', 'ip', 'kube-proxy', 'service-ips']));
  return stdout.includes(` ${apiServerServiceAddress} `);
}

/**
 * True when the node takes pods: its kubelet answers now (the condition alone may be that of a kubelet that has died
 * since), it is Ready and without taints, and the service account that every pod needs exists.
 */
export async function nodeIsReady(handle: ClusterHandle): Promise<boolean> {
  const answers = await kubectl(handle, ['get', '--raw', `/api/v1/nodes/${nodeName}/proxy/healthz`, timeout]);
  if (answers.exitCode !== 0) return false;
  const node = await kubectl(handle, ['get', 'node', nodeName, '-o', 'json', timeout]);
  if (node.exitCode !== 0 || !takesPods(node.stdout)) return false;
  return (await kubectl(handle, ['get', 'serviceaccount', 'default', timeout])).exitCode === 0;
}

/** Reads a Node object given as JSON. */
export function takesPods(json: string): boolean {
  const node = JSON.parse(json) as {
    spec: { taints?: unknown[] };
    status: { conditions?: { type: string; status: string }[] };
  };
  const ready = node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return ready && (node.spec.taints ?? []).length === 0;
}
