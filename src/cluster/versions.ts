import { kubectlJson, type Kubectl } from './kubectl.ts';

export interface Versions {
  readonly kubectl: string;
  readonly kubernetes: string;
  /** Of the API server. */
  readonly minor: number;
}

/** @throws CLUSTER_UNREACHABLE and as Kubectl */
export async function readVersions(kubectl: Kubectl): Promise<Versions> {
  const { clientVersion, serverVersion } = await kubectlJson<{
    readonly clientVersion: { readonly gitVersion: string };
    readonly serverVersion: { readonly gitVersion: string; readonly minor: string };
  }>(kubectl, ['version']);
  const plain = (text: string): string => text.replace(/^v/, '');
  // Some vendors append a sign: "30+".
  const minor = Number.parseInt(serverVersion.minor, 10);
  return { kubectl: plain(clientVersion.gitVersion), kubernetes: plain(serverVersion.gitVersion), minor };
}
