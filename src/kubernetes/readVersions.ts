import { fieldsOf, textOf, type Fields } from '../typed.ts';
import { kubectlJson, type Kubectl } from './kubectl.ts';

export interface Versions {
  readonly kubectl: string;
  readonly kubernetes: string;
  /** Of the API server. */
  readonly minor: number;
}

/** @throws CLUSTER_UNREACHABLE and as Kubectl */
export async function readVersions(kubectl: Kubectl): Promise<Versions> {
  const answer = await kubectlJson<Fields>(kubectl, ['version']);
  const [client, server] = [fieldsOf(answer['clientVersion']), fieldsOf(answer['serverVersion'])];
  const plain = (version: unknown): string => (textOf(version, 64) ?? 'unknown').replace(/^v/, '');
  // Some vendors append a sign: "30+".
  const minor = Number.parseInt(textOf(server['minor'], 8) ?? '', 10);
  return { kubectl: plain(client['gitVersion']), kubernetes: plain(server['gitVersion']), minor };
}
