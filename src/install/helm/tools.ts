import { makeKubectl, type Kubectl } from '../../cluster/index.ts';
import { readVersions, type Versions } from '../../cluster/versions.ts';
import { openHelm, type Helm } from './helm.ts';
import { formatHelmVersion } from './helmVersion.ts';

export interface Connection {
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** The programs that the installer drives, for one cluster and namespace. */
export interface Tools {
  readonly helm: Helm;
  /** Ends with Ctrl-C. */
  readonly kubectl: Kubectl;
  /** Goes on after Ctrl-C, to say how things stand. */
  readonly afterwards: Kubectl;
  readonly versions: Versions & { readonly helm: string };
}

/** The same kubectl, in another namespace unless a call names one. */
export function kubectlIn(kubectl: Kubectl, namespace: string): Kubectl {
  return async (args, call) => kubectl([`--namespace=${namespace}`, ...args], call);
}

/** @throws HELM_MISSING, HELM_UNSUPPORTED, KUBECTL_MISSING, CLUSTER_UNREACHABLE */
export async function openTools({ context, kubeconfig, namespace, signal }: Connection): Promise<Tools> {
  const helm = await openHelm({ context, kubeconfig, namespace });
  const kubectl = makeKubectl({ context, kubeconfig, namespace, signal });
  const afterwards = makeKubectl({ context, kubeconfig, namespace });
  const versions = { ...(await readVersions(kubectl)), helm: formatHelmVersion(helm.version) };
  return { helm, kubectl, afterwards, versions };
}
