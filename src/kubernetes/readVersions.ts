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
  // Some vendors append a plus sign: "30+".
  const minor = Number.parseInt(textOf(server['minor'], 8) ?? '', 10);
  return { kubectl: plain(client['gitVersion']), kubernetes: plain(server['gitVersion']), minor };
}
