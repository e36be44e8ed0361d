import { codedError, isCodedError } from '../errors.ts';
import type { Metadata } from './api/types.ts';
import { parseAnswer, type Kubectl } from './kubectl.ts';
import { collectThoroughly } from './memory.ts';

/** The kinds of which a cluster may have many objects, and the paths of their lists in the API. */
export const listedKinds = {
  namespaces: { path: '/api/v1', apiVersion: 'v1', kind: 'Namespace' },
  events: { path: '/api/v1', apiVersion: 'v1', kind: 'Event' },
  pods: { path: '/api/v1', apiVersion: 'v1', kind: 'Pod' },
  services: { path: '/api/v1', apiVersion: 'v1', kind: 'Service' },
  nodes: { path: '/api/v1', apiVersion: 'v1', kind: 'Node' },
  endpointslices: { path: '/apis/discovery.k8s.io/v1', apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
  replicationcontrollers: { path: '/api/v1', apiVersion: 'v1', kind: 'ReplicationController' },
  deployments: { path: '/apis/apps/v1', apiVersion: 'apps/v1', kind: 'Deployment' },
  statefulsets: { path: '/apis/apps/v1', apiVersion: 'apps/v1', kind: 'StatefulSet' },
  daemonsets: { path: '/apis/apps/v1', apiVersion: 'apps/v1', kind: 'DaemonSet' },
  replicasets: { path: '/apis/apps/v1', apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  jobs: { path: '/apis/batch/v1', apiVersion: 'batch/v1', kind: 'Job' },
  cronjobs: { path: '/apis/batch/v1', apiVersion: 'batch/v1', kind: 'CronJob' },
} as const;

/** The plural name of such a kind. */
export type ListedKind = keyof typeof listedKinds;

/** Which objects are listed. */
export interface ListRequest {
  readonly kind: ListedKind;
  /** Undefined: all namespaces, or a kind without a namespace. */
  readonly namespace: string | undefined;
  /** As kubectl's `-l` takes it. */
  readonly labelSelector?: string | undefined;
  /** As kubectl's `--field-selector` takes it. */
  readonly fieldSelector?: string | undefined;
}

/** An object of a list, with the members that every kind has. */
export interface ListedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [member: string]: unknown;
}

/** Objects on a page: about 3 MB of pods. */
const pageSize = 250;

/** The most bytes of a page. If its objects are larger, the next pages have fewer objects. */
const mostPageBytes = 32 * 1024 ** 2;

/** How often a list is read from its beginning, because its pages expired before all of them were read. */
const mostBeginnings = 3;

/**
 * Reads a list page by page. `kubectl get` prints all pages as one text, which is too large for the memory in a large
 * cluster. Both need the right to list.
 * @param keep returns what is kept of an object; undefined leaves it out
 * @throws as {@link Kubectl}
 */
export async function readPages<T>(kubectl: Kubectl, request: ListRequest, keep: Keep<T>): Promise<T[]> {
  return (await readUpTo(kubectl, request, Number.POSITIVE_INFINITY, keep)).kept;
}

/** What is kept of an object; undefined leaves it out. */
export type Keep<T> = (object: ListedObject) => T | undefined;

/** The objects of a list that were read. */
export interface PartOfList<T> {
  readonly kept: T[];
  /** False: there are more objects than were read. */
  readonly complete: boolean;
  /** The `resourceVersion` of the list, from which a watch goes on; undefined when the answer has none. */
  readonly version?: string | undefined;
}

/**
 * The same as {@link readPages} with a limit, for lists that may be very long, such as events. The caller must report
 * what was left out.
 * @param most the most objects that are read
 * @throws as {@link Kubectl}
 */
export async function readUpTo<T>(
  kubectl: Kubectl,
  request: ListRequest,
  most: number,
  keep: Keep<T>,
): Promise<PartOfList<T>> {
  const { apiVersion, kind } = listedKinds[request.kind];
  let size = pageSize;
  for (let beginning = 1; ; beginning += 1) {
    const kept: T[] = [];
    let done: (() => void) | undefined;
    try {
      let left = most;
      let next: string | undefined = '';
      let version: string | undefined;
      while (next !== undefined && left > 0) {
        const page: Page | undefined = await readPage(kubectl, request, Math.min(size, left), next);
        if (page === undefined) {
          size = Math.ceil(Math.min(size, left) / 8);
          continue;
        }
        for (const item of page.items) {
          // The items of a list have no kind and apiVersion.
          const one = keep({ ...item, apiVersion, kind });
          if (one !== undefined) kept.push(one);
        }
        left -= page.items.length;
        version ??= page.version;
        next = page.next;
        if (next !== undefined) done ??= collectThoroughly();
      }
      return { kept, complete: next === undefined, version };
    } catch (error) {
      // HTTP 410: the other pages have expired, because etcd is compacted every five minutes.
      if (!isCodedError(error) || error.code !== 'LIST_EXPIRED' || beginning === mostBeginnings) throw error;
    } finally {
      done?.();
    }
  }
}

interface Page {
  readonly items: readonly ListedObject[];
  /** Where the next page begins; undefined for the last one. */
  readonly next: string | undefined;
  readonly version: string | undefined;
}

interface ListAnswer {
  readonly items?: readonly ListedObject[];
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
}

/** @returns undefined when the page is too large, which never happens with a single object */
async function readPage(kubectl: Kubectl, request: ListRequest, size: number, next: string): Promise<Page | undefined> {
  const args = ['get', '--raw', listPath(request, size, next)];
  try {
    const { stdout } = await kubectl(args, { timeoutSeconds: 60, maxBytes: mostPageBytes });
    const answer = parseAnswer(stdout, args) as ListAnswer;
    if (answer.items === undefined)
      throw codedError('KUBECTL_FAILED', 'the answer is not a list', { where: `kubectl ${args.join(' ')}` });
    const { continue: following = '', resourceVersion: version } = answer.metadata ?? {};
    return { items: answer.items, next: following === '' ? undefined : following, version };
  } catch (error) {
    if (isCodedError(error) && error.code === 'ANSWER_TOO_LARGE' && size > 1) return undefined;
    throw error;
  }
}

/** The path and query of a page. */
export function listPath(request: ListRequest, limit: number, next: string): string {
  return pathOf(request, { limit: String(limit), ...(next === '' ? {} : { continue: next }) });
}

/** The path of a list, with a query of these parameters and of the request's selectors. */
export function pathOf(
  { kind, namespace, labelSelector, fieldSelector }: ListRequest,
  parameters: Readonly<Record<string, string>>,
): string {
  const isOfCluster = namespace === undefined || kind === 'namespaces' || kind === 'nodes';
  const scope = isOfCluster ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const { limit, continue: next, ...others } = parameters;
  const query = new URLSearchParams({
    ...(limit === undefined ? {} : { limit }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(next === undefined ? {} : { continue: next }),
    ...others,
  });
  return `${listedKinds[kind].path}${scope}/${kind}?${query.toString()}`;
}
