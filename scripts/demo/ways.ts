import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '../cluster/progress.ts';
import type { Target } from './target.ts';

/** Where each way runs the article's Deployment: the same manifest, so a namespace each. */
export const namespaces = {
  manifest: 'packet-capture-demo-manifest',
  patch: 'packet-capture-demo-patch',
  webhook: 'packet-capture-demo-webhook',
} as const;

/** Name and namespace of the chart's release: not those of a real one that the cluster may have. */
export const release = 'packet-capture-demo';

export type Way = keyof typeof namespaces;

export interface Demo {
  readonly target: Target;
  /** The capture agent's image, as the cluster knows it. */
  readonly image: string;
  /** The injector's; without one there is no way 3. */
  readonly injectorImage: string | undefined;
  /** Flags of our own commands that name the cluster. */
  readonly contextFlags: readonly string[];
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
export async function runPatchWay({ target, image, progress, contextFlags }: Demo): Promise<void> {
  await target.kubectl(['apply', '-n', namespaces.patch, '-f', '-'], await readFile(manifest, 'utf8'));
  await rolledOut(target, 'patch');
  progress(`way 2: packet-capture patch deployment/nginx-deployment --filter '${firstFilter}' --wait`);
  const flags = ['-n', namespaces.patch, '--image', image, '--filter', firstFilter, '--wait', ...contextFlags];
  await target.run([...cli, 'patch', 'deployment/nginx-deployment', ...flags]);
}

/** Way 3: the chart is installed once, and the Deployment, as the article has it, is opted in by the chart's values. */
export async function runWebhookWay({ target, image, injectorImage, progress, contextFlags }: Demo): Promise<void> {
  if (injectorImage === undefined) return;
  await target.kubectl(['apply', '-n', namespaces.webhook, '-f', '-'], await readFile(manifest, 'utf8'));
  await rolledOut(target, 'webhook');
  const targets = [`targets[0].namespace=${namespaces.webhook}`, 'targets[0].deployments[0]=nginx-deployment'];
  progress(`way 3: packet-capture install --set '${targets.join(',')}' --set capture.filter='${firstFilter}'`);
  const images = [...imageValues('image', injectorImage), ...imageValues('agent.image', image)];
  const values = [...targets, `capture.filter=${firstFilter}`, ...images].flatMap((value) => ['--set', value]);
  await target.run([
    ...cli,
    'install',
    '--release',
    release,
    '--namespace',
    release,
    ...values,
    ...contextFlags,
    '--yes',
  ]);
  await rolledOut(target, 'webhook');
}

/** A command of this project as a user gives it, in the namespace of a way; what it says goes to stderr. */
export async function runCommand(
  { target, progress, contextFlags }: Demo,
  way: Way,
  args: readonly string[],
): Promise<void> {
  const flags = ['-n', namespaces[way]];
  progress(['packet-capture', ...args, ...flags].map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(' '));
  await target.run([...cli, ...args, ...flags, ...contextFlags]);
}

export async function removeRelease({ target, contextFlags }: Pick<Demo, 'target' | 'contextFlags'>): Promise<void> {
  await target.run([...cli, 'uninstall', '--release', release, '--namespace', release, ...contextFlags, '--yes']);
}

/** An image's name as values of the chart; a registry stays part of the repository. */
function imageValues(key: string, image: string): string[] {
  const [, repository = image, tag = 'latest'] = /^(.+):([^:/]+)$/.exec(image) ?? [];
  return [`${key}.repository=${repository}`, `${key}.tag=${tag}`];
}

export async function makeNamespaces(target: Target): Promise<void> {
  const items = Object.values(namespaces).map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  await target.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

export async function removeNamespaces(target: Target): Promise<void> {
  await target.kubectl([
    'delete',
    'namespace',
    ...Object.values(namespaces),
    release,
    '--ignore-not-found',
    '--wait=false',
  ]);
}

async function rolledOut(target: Target, way: Way): Promise<void> {
  await target.kubectl(['rollout', 'status', '-n', namespaces[way], 'deployment/nginx-deployment', '--timeout=180s']);
}
