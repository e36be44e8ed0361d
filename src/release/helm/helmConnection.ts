import { codedError } from '../../errors.ts';
import { flagValues, type ClusterFlagName, type ClusterFlags } from '../../kubernetes/clusterFlags.ts';
import { inCluster, kubeconfigFiles, ownEntry, ownUser, withKubeconfig } from '../../kubernetes/credentials.ts';
import { kubectlJson, type Kubectl } from '../../kubernetes/kubectl.ts';

/** What helm is started with, to talk to the same cluster as kubectl, as the same user. */
export interface HelmStartup {
  readonly flags: readonly string[];
  /** Over the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * helm has a context, a server and a user of its own in its environment; kubectl knows nothing of them, and both must
 * talk to the same cluster as the same user.
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

/** helm's words for kubectl's flags. @see helm:pkg/cli/environment.go */
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

/** helm has no flag for them, but a kubeconfig has a place. */
const byKubeconfig: readonly ClusterFlagName[] = [
  'cluster',
  'user',
  'client-certificate',
  'client-key',
  'username',
  'password',
];

/** helm has no flag for them, and no file can say them without a copy of the user's credentials. */
const impossible: readonly ClusterFlagName[] = ['as-uid', 'as-user-extra', 'proxy-url'];

/**
 * Translates kubectl's flags for helm. A token goes by the environment, which only this user can read, and what helm
 * has no flag for by a kubeconfig of our own.
 * @throws USAGE for what cannot be said to helm, and as Kubectl
 */
export async function helmConnection(
  kubectl: Kubectl,
  given: ClusterFlags,
  environment: NodeJS.ProcessEnv,
): Promise<HelmStartup> {
  const unsaid = impossible.find((name) => flagValues(given, name).length > 0);
  if (unsaid !== undefined) {
    throw codedError('USAGE', `helm has no such flag, and it must do the same as kubectl`, {
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

/** What is read of `kubectl config view`: names, no credentials. */
interface ConfigView {
  readonly contexts?:
    | readonly { readonly name: string; readonly context: { readonly cluster?: string; readonly user?: string } }[]
    | null;
  readonly 'current-context'?: string;
}

/** A context of our own in front of the user's files, whose entries it names. */
async function mergedKubeconfig(
  kubectl: Kubectl,
  given: ClusterFlags,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const view = await kubectlJson<ConfigView>(kubectl, ['config', 'view']);
  const name = given.context ?? view['current-context'];
  const present = view.contexts?.find((context) => context.name === name)?.context ?? {};
  const user = ownUser(given);
  const hasUser = Object.keys(user).length > 0;
  const cluster = inCluster(given, environment);
  const context = {
    cluster: cluster === undefined ? (given.cluster ?? present.cluster ?? '') : ownEntry,
    user: hasUser ? ownEntry : (given.user ?? present.user ?? ''),
  };
  const config = {
    contexts: [{ name: ownEntry, context }],
    'current-context': ownEntry,
    ...(hasUser ? { users: [{ name: ownEntry, user }] } : {}),
    ...(cluster === undefined ? {} : { clusters: [{ name: ownEntry, cluster }] }),
  };
  return withKubeconfig(config, kubeconfigFiles(given, environment));
}
