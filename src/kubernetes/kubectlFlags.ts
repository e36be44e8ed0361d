import { clusterFlagKinds, flagValues, type ClusterFlagName, type ClusterFlags } from './clusterFlags.ts';
import { flagsEntry, flagsUser, inCluster, kubeconfigFiles, podKubeconfig, withKubeconfig } from './credentials.ts';

/** What kubectl is started with, before its own arguments. */
export interface KubectlStartup {
  readonly flags: readonly string[];
  /** Environment variables, in addition to those of this process. */
  readonly env: Readonly<Record<string, string>>;
}

/** The flags that are passed in a private file. */
const secret: readonly ClusterFlagName[] = ['token', 'username', 'password'];

/**
 * kubectl's flags for a cluster. Secret ones become a user in a private kubeconfig.
 * @throws FILE_UNREADABLE for a `--kubeconfig` that cannot be read, if it has to be merged
 */
export function kubectlFlags(
  given: ClusterFlags,
  namespace: string | undefined,
  environment: NodeJS.ProcessEnv,
): KubectlStartup {
  const secrets = secret.some((name) => flagValues(given, name).length > 0);
  const { clientCertificate: _certificate, clientKey: _key, ...rest } = given;
  const flags: ClusterFlags = secrets ? { ...rest, kubeconfig: undefined, user: flagsEntry } : given;
  const cluster = secrets ? inCluster(given, environment) : undefined;
  const passed = (Object.keys(clusterFlagKinds) as ClusterFlagName[])
    // Each call has its own, see makeKubectl.
    .filter((name) => name !== 'request-timeout' && !secret.includes(name))
    .flatMap((name) => flagValues(flags, name).map((value) => `--${name}=${value}`));
  const scope = namespace === undefined ? [] : [`--namespace=${namespace}`];
  if (!secrets) {
    const pod = podKubeconfig(given, environment);
    return { flags: [...passed, ...scope], env: pod === undefined ? {} : { KUBECONFIG: withKubeconfig(pod, []) } };
  }
  const config = {
    users: [{ name: flagsEntry, user: flagsUser(given) }],
    ...(cluster === undefined ? {} : { clusters: [{ name: flagsEntry, cluster }] }),
  };
  const clusterFlag = cluster === undefined ? [] : [`--cluster=${flagsEntry}`];
  return {
    flags: [...passed, ...clusterFlag, ...scope],
    env: { KUBECONFIG: withKubeconfig(config, kubeconfigFiles(given, environment)) },
  };
}
