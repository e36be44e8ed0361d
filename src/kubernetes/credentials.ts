import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { codedError } from '../errors.ts';
import type { ClusterFlags } from './clusterFlags.ts';

/**
 * Secrets must not be arguments of a program, because every user of the machine can read arguments. They are passed in
 * a kubeconfig that only this user can read. Clients merge all files that KUBECONFIG names; if several have an entry,
 * the first one counts (client-go tools/clientcmd/loader.go).
 */
export interface Kubeconfig {
  readonly clusters?: readonly { readonly name: string; readonly cluster: object }[];
  readonly users?: readonly { readonly name: string; readonly user: object }[];
  readonly contexts?: readonly { readonly name: string; readonly context: object }[];
  readonly 'current-context'?: string;
}

/** The name of the cluster, the user and the context that this program adds. */
export const flagsEntry = 'packet-capture-flags';

/** The user of `--token`, `--username` and `--password`, `--client-certificate` and `--client-key`. */
export function flagsUser({ token, username, password, clientCertificate, clientKey }: ClusterFlags): object {
  return {
    ...(token === undefined ? {} : { token }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(clientCertificate === undefined ? {} : { 'client-certificate': resolve(clientCertificate) }),
    ...(clientKey === undefined ? {} : { 'client-key': resolve(clientKey) }),
  };
}

/** Where a pod has its service account: token, ca.crt and namespace. */
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The cluster of a program that runs in a pod without a kubeconfig. With a private kubeconfig kubectl would no longer
 * find it by itself.
 * @see client-go rest/config.go, InClusterConfig
 */
export function inCluster(flags: ClusterFlags, environment: NodeJS.ProcessEnv): object | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (host === undefined || port === undefined || flags.server !== undefined || flags.cluster !== undefined)
    return undefined;
  if (kubeconfigFiles(flags, environment).some((file) => existsSync(file))) return undefined;
  const authority = join(serviceAccount, 'ca.crt');
  return { server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, 'certificate-authority': authority };
}

/**
 * A kubeconfig of the pod's own service account, for a program that runs in a pod without a kubeconfig. kubectl finds
 * the service account by itself only when no flag changes its configuration, and `--request-timeout` changes it.
 * @param folder of the service account
 * @returns undefined when the flags name another user or context, or when this is no pod with a service account
 * @see client-go tools/clientcmd/merged_client_builder.go, ClientConfig: IsDefaultConfig
 */
export function podKubeconfig(
  flags: ClusterFlags,
  environment: NodeJS.ProcessEnv,
  folder = serviceAccount,
): Kubeconfig | undefined {
  const cluster = inCluster(flags, environment);
  const token = join(folder, 'token');
  if (cluster === undefined || flags.user !== undefined || flags.context !== undefined || !existsSync(token))
    return undefined;
  const { POD_NAMESPACE: named = '' } = environment;
  const namespace = named === '' ? readFileSync(join(folder, 'namespace'), 'utf8').trim() : named;
  return {
    clusters: [{ name: flagsEntry, cluster }],
    users: [{ name: flagsEntry, user: { tokenFile: token } }],
    contexts: [{ name: flagsEntry, context: { cluster: flagsEntry, user: flagsEntry, namespace } }],
    'current-context': flagsEntry,
  };
}

/**
 * The files that kubectl would read, in their order.
 * @throws FILE_UNREADABLE for a `--kubeconfig` that cannot be read
 */
export function kubeconfigFiles({ kubeconfig }: ClusterFlags, environment: NodeJS.ProcessEnv): readonly string[] {
  if (kubeconfig === undefined) {
    const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
    return listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')];
  }
  try {
    readFileSync(kubeconfig);
  } catch (error) {
    throw codedError('FILE_UNREADABLE', error instanceof Error ? error.message : String(error), {
      where: `--kubeconfig ${kubeconfig}`,
    });
  }
  return [resolve(kubeconfig)];
}

const written = new Map<string, string>();

/**
 * The value of KUBECONFIG that puts a configuration before the other files. The file is deleted when this process ends;
 * an equal configuration is written once.
 */
export function withKubeconfig(config: Kubeconfig, files: readonly string[]): string {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config });
  const file = written.get(text) ?? writePrivately(text);
  written.set(text, file);
  return [file, ...files].join(delimiter);
}

function writePrivately(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'packet-capture-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
