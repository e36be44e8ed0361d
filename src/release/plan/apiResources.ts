import type { Kubectl } from '../../kubernetes/kubectl.ts';

/** A kind that the API server has. */
export interface ApiResource {
  /** `deployments` */
  readonly name: string;
  /** `apps/v1` */
  readonly apiVersion: string;
  readonly namespaced: boolean;
  readonly kind: string;
}

/** Reads all kinds of the cluster. @throws as Kubectl */
export async function readApiResources(kubectl: Kubectl): Promise<ApiResource[]> {
  const { stdout } = await kubectl(['api-resources', '--no-headers']);
  return parseApiResources(stdout);
}

/** Parses the table of `kubectl api-resources --no-headers`; the column of short names may be empty. */
export function parseApiResources(text: string): ApiResource[] {
  return text.split('\n').flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const [apiVersion, namespaced, kind] = columns.slice(-3);
    const name = columns[0];
    if (columns.length < 4 || name === undefined || apiVersion === undefined || kind === undefined) return [];
    return [{ name, apiVersion, namespaced: namespaced === 'true', kind }];
  });
}
