import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '../cluster/progress.ts';
import type { Target } from './target.ts';

/** Where each way runs the article's Deployment: the same manifest, so a namespace each. */
export const namespaces = { manifest: 'packet-capture-demo-manifest', patch: 'packet-capture-demo-patch' } as const;

export type Way = keyof typeof namespaces;

export interface Demo {
  readonly target: Target;
  /** The capture agent's image, as the cluster knows it. */
  readonly image: string;
  readonly progress: Progress;
}

/** The demo captures this until the filter is moved. */
const firstFilter = 'tcp port 80';

const manifest = join(import.meta.dirname, 'nginx-deployment.yaml');
const cli = [process.execPath, join(import.meta.dirname, '..', '..', 'bin', 'packet-capture.js')];

/** Way 1: the manifest gets the sidecar before it is applied. */
export async function runManifestWay({ target, image, progress }: Demo): Promise<void> {
  progress(`way 1: packet-capture inject -f nginx-deployment.yaml --filter '${firstFilter}' | kubectl apply -f -`);
  const injected = await target.run([...cli, 'inject', '-f', manifest, '--image', image, '--filter', firstFilter]);
  await target.kubectl(['apply', '-n', namespaces.manifest, '-f', '-'], injected);
  await rolledOut(target, 'manifest');
}

/** Way 2: the Deployment runs already, as the article has it, and is patched. */
export async function runPatchWay({ target, image, progress }: Demo, contextFlags: readonly string[]): Promise<void> {
  await target.kubectl(['apply', '-n', namespaces.patch, '-f', '-'], await readFile(manifest, 'utf8'));
  await rolledOut(target, 'patch');
  progress(`way 2: packet-capture patch deployment/nginx-deployment --filter '${firstFilter}' --wait`);
  const flags = ['-n', namespaces.patch, '--image', image, '--filter', firstFilter, '--wait', ...contextFlags];
  await target.run([...cli, 'patch', 'deployment/nginx-deployment', ...flags]);
}

export async function makeNamespaces(target: Target): Promise<void> {
  const items = Object.values(namespaces).map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  await target.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

export async function removeNamespaces(target: Target): Promise<void> {
  await target.kubectl(['delete', 'namespace', ...Object.values(namespaces), '--ignore-not-found', '--wait=false']);
}

async function rolledOut(target: Target, way: Way): Promise<void> {
  await target.kubectl(['rollout', 'status', '-n', namespaces[way], 'deployment/nginx-deployment', '--timeout=180s']);
}
