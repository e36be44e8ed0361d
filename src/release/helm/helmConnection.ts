import { codedError } from '../../errors.ts';
import { flagValues, type ClusterFlagName, type ClusterFlags } from '../../kubernetes/clusterFlags.ts';
import { inCluster, kubeconfigFiles, flagsEntry, flagsUser, withKubeconfig } from '../../kubernetes/credentials.ts';
import { kubectlJson, type Kubectl } from '../../kubernetes/kubectl.ts';

/** How helm is started, so that it talks to the same cluster as kubectl, as the same user. */
export interface HelmStartup {
  readonly flags: readonly string[];
  /** Variables that replace those of this process. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Helm's environment variables can name another context, server or user. They are cleared, because kubectl ignores them
 * and both must talk to the same cluster as the same user.
 */
const sameCluster = Object.fromEntries(
  [
    'KUBECONTEXT',
    'KUBEAPISERVER',
    'KUBETOKEN',
    'KUBECAFILE',
    'KUBEASUSER',
    'KUBEASGROUPS',
    'KUBETLS_SERVER_NAME',
    'KUBEINSECURE_SKIP_TLS_VERIFY',
  ].map((name) => [`HELM_${name}`, '']),
);

/** helm's names for kubectl's flags. @see helm:pkg/cli/environment.go */
const translated: readonly (readonly [ClusterFlagName, string])[] = [
  ['kubeconfig', '--kubeconfig'],
  ['context', '--kube-context'],
  ['server', '--kube-apiserver'],
  ['certificate-authority', '--kube-ca-file'],
  ['tls-server-name', '--kube-tls-server-name'],
  ['insecure-skip-tls-verify', '--kube-insecure-skip-tls-verify'],
  ['as', '--kube-as-user'],
  ['as-group', '--kube-as-group'],
];

/** Flags that helm does not have, but that a kubeconfig can express. */
const byKubeconfig: readonly ClusterFlagName[] = [
  'cluster',
  'user',
  'client-certificate',
  'client-key',
  'username',
  'password',
];

/** Flags that helm does not have, and that no file can express without a copy of the user's credentials. */
const impossible: readonly ClusterFlagName[] = ['as-uid', 'as-user-extra', 'proxy-url'];

/**
 * Translates kubectl's flags for helm. A token is passed by the environment, which only this user can read; flags that
 * helm does not have are passed by a temporary kubeconfig.
 * @throws USAGE for flags that cannot be passed to helm, and as Kubectl
 */
export async function helmConnection(
  kubectl: Kubectl,
  given: ClusterFlags,
  environment: NodeJS.ProcessEnv,
): Promise<HelmStartup> {
  const unsaid = impossible.find((name) => flagValues(given, name).length > 0);
  if (unsaid !== undefined) {
    throw codedError('USAGE', 'helm does not have this flag, and must do the same as kubectl', {
      where: `--${unsaid}`,
      hint: 'Write it into a kubeconfig, and name that with --kubeconfig.',
    });
  }
  const env = { ...sameCluster, ...(given.token === undefined ? {} : { HELM_KUBETOKEN: given.token }) };
  if (byKubeconfig.every((name) => flagValues(given, name).length === 0)) return { flags: translate(given), env };
  const { kubeconfig: _file, context: _context, ...flags } = given;
  return { flags: translate(flags), env: { ...env, KUBECONFIG: await mergedKubeconfig(kubectl, given, environment) } };
}

function translate(flags: ClusterFlags): string[] {
  return translated.flatMap(([name, flag]) =>
    flagValues(flags, name).map((value) => (value === 'true' ? flag : `${flag}=${value}`)),
  );
}

/** The parts of `kubectl config view` that are read: names, no credentials. */
interface ConfigView {
  readonly contexts?:
    | readonly { readonly name: string; readonly context: { readonly cluster?: string; readonly user?: string } }[]
    | null;
  readonly 'current-context'?: string;
}

/** A kubeconfig with one context, which refers to entries of the user's files. */
async function mergedKubeconfig(
  kubectl: Kubectl,
  given: ClusterFlags,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const view = await kubectlJson<ConfigView>(kubectl, ['config', 'view']);
  const name = given.context ?? view['current-context'];
  const present = view.contexts?.find((context) => context.name === name)?.context ?? {};
  const user = flagsUser(given);
  const hasUser = Object.keys(user).length > 0;
  const cluster = inCluster(given, environment);
  const context = {
    cluster: cluster === undefined ? (given.cluster ?? present.cluster ?? '') : flagsEntry,
    user: hasUser ? flagsEntry : (given.user ?? present.user ?? ''),
  };
  const config = {
    contexts: [{ name: flagsEntry, context }],
    'current-context': flagsEntry,
    ...(hasUser ? { users: [{ name: flagsEntry, user }] } : {}),
    ...(cluster === undefined ? {} : { clusters: [{ name: flagsEntry, cluster }] }),
  };
  return withKubeconfig(config, kubeconfigFiles(given, environment));
}
