import { fieldsOf, itemsOf, textOf } from '../typed.ts';

/** A context of kubectl's configuration. */
export interface KubeContext {
  readonly name: string;
  /** Undefined: `default`. */
  readonly namespace?: string;
}

/** The most contexts: each is an interface in Wireshark, which asks for the options of each when it starts. */
const mostContexts = 200;

/**
 * The contexts of kubectl's configuration files, in their order; of those with equal names the first counts, as kubectl
 * merges them. What has another form than it should have is left out. Pure.
 * @param files the values of the files in the order of KUBECONFIG
 * @see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
export function contextsOf(files: readonly unknown[]): KubeContext[] {
  const found = new Map<string, KubeContext>();
  for (const file of files)
    for (const item of itemsOf(fieldsOf(file)['contexts'])) {
      const name = textOf(fieldsOf(item)['name']) ?? '';
      const namespace = textOf(fieldsOf(fieldsOf(item)['context'])['namespace']) ?? '';
      if (name !== '' && !found.has(name)) found.set(name, { name, ...(namespace === '' ? {} : { namespace }) });
    }
  return [...found.values()].slice(0, mostContexts);
}

/** The files of kubectl's configuration, as kubectl finds them. Pure. @param join joins the parts of a path */
export function kubeconfigPaths(
  environment: Readonly<Record<string, string | undefined>>,
  platform: string,
  join: (...parts: string[]) => string,
): string[] {
  const named = (environment['KUBECONFIG'] ?? '').split(platform === 'win32' ? ';' : ':').filter((path) => path !== '');
  if (named.length > 0) return [...new Set(named)];
  const home = (platform === 'win32' ? environment['USERPROFILE'] : environment['HOME']) ?? '';
  return home === '' ? [] : [join(home, '.kube', 'config')];
}
