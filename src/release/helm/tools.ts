import type { ClusterFlags } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl, type Kubectl } from '../../kubernetes/kubectl.ts';
import { readVersions, type Versions } from '../../kubernetes/readVersions.ts';
import { openHelm, type Helm } from './helm.ts';
import { helmConnection } from './helmConnection.ts';
import { formatHelmVersion } from './helmVersion.ts';

/** The cluster and the namespace of a command; the signal is aborted by Ctrl-C. */
export interface Connection {
  /** kubectl's global flags. */
  readonly cluster: ClusterFlags;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** The programs that the installer runs, for one cluster and namespace. */
export interface Tools {
  readonly helm: Helm;
  /** Is ended by Ctrl-C. */
  readonly kubectl: Kubectl;
  /** Works after Ctrl-C too, to report the state. */
  readonly afterwards: Kubectl;
  readonly versions: Versions & { readonly helm: string };
}

/** The same kubectl with another default namespace. */
export function kubectlIn(kubectl: Kubectl, namespace: string): Kubectl {
  return async (args, call) => kubectl([`--namespace=${namespace}`, ...args], call);
}

/** @throws USAGE, HELM_MISSING, HELM_UNSUPPORTED, KUBECTL_MISSING, CLUSTER_UNREACHABLE */
export async function openTools({ cluster, namespace, signal }: Connection): Promise<Tools> {
  const kubectl = makeKubectl({ ...cluster, namespace, signal });
  const afterwards = makeKubectl({ ...cluster, namespace });
  const helm = await openHelm({ namespace, ...(await helmConnection(kubectl, cluster, process.env)) });
  const versions = { ...(await readVersions(kubectl)), helm: formatHelmVersion(helm.version) };
  return { helm, kubectl, afterwards, versions };
}
