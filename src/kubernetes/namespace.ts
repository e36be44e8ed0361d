import { readFile } from 'node:fs/promises';
import { rethrowUnlessRecoverable } from '../errors.ts';
import type { Kubectl } from './kubectl.ts';

const known = new WeakMap<Kubectl, Promise<string>>();

/**
 * The namespace that kubectl uses by default: that of the context, or in a pod without a kubeconfig that of the pod. It
 * needs no request to the cluster.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function currentNamespace(kubectl: Kubectl): Promise<string> {
  const asked = known.get(kubectl) ?? readNamespace(kubectl);
  known.set(kubectl, asked);
  return asked;
}

async function readNamespace(kubectl: Kubectl): Promise<string> {
  const named = await readContextNamespace(kubectl);
  return named ?? (await readPodNamespace()) ?? 'default';
}

/** Undefined when there is no context. */
async function readContextNamespace(kubectl: Kubectl): Promise<string | undefined> {
  try {
    const { stdout } = await kubectl(['config', 'view', '--minify', '-o', 'jsonpath={.contexts[0].context.namespace}']);
    return stdout.trim() === '' ? 'default' : stdout.trim();
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return undefined;
  }
}

/** @see client-go tools/clientcmd/client_config.go, inClusterClientConfig.Namespace */
async function readPodNamespace(): Promise<string | undefined> {
  const own = process.env['POD_NAMESPACE'] ?? '';
  if (own !== '') return own;
  const text = await readFile('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').catch(() => '');
  return text.trim() === '' ? undefined : text.trim();
}
