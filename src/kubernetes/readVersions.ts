import { fieldsOf, textOf, type Fields } from '../typed.ts';
import { kubectlJson, type Kubectl } from './kubectl.ts';

/** The versions of kubectl and of the API server. */
export interface Versions {
  readonly kubectl: string;
  readonly kubernetes: string;
  /** The minor version of the API server, NaN if it is not known. */
  readonly minor: number;
}

/** Asks for the versions. @throws CLUSTER_UNREACHABLE and as Kubectl */
export async function readVersions(kubectl: Kubectl): Promise<Versions> {
  const answer = await kubectlJson<Fields>(kubectl, ['version']);
  const [client, server] = [fieldsOf(answer['clientVersion']), fieldsOf(answer['serverVersion'])];
  const plain = (version: unknown): string => (textOf(version, 64) ?? 'unknown').replace(/^v/, '');
  return { kubectl: plain(client['gitVersion']), kubernetes: plain(server['gitVersion']), minor: minorOf(server) };
}

/** The minor version of kubectl, NaN if it is not known; no request to the API server. @throws as Kubectl */
export async function readKubectlMinor(kubectl: Kubectl): Promise<number> {
  return minorOf(fieldsOf((await kubectlJson<Fields>(kubectl, ['version', '--client']))['clientVersion']));
}

function minorOf(version: Fields): number {
  // Some vendors append a plus sign: "30+".
  return Number.parseInt(textOf(version['minor'], 8) ?? '', 10);
}
