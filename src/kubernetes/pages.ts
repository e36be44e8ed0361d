import { codedError, isCodedError } from '../errors.ts';
import type { Metadata } from './api/types.ts';
import { parseAnswer, type Kubectl } from './kubectl.ts';
import { collectThoroughly } from './memory.ts';

/** Kinds that clusters have many of, and where the API has their lists. */
export const listedKinds = {
  namespaces: { path: '/api/v1', apiVersion: 'v1', kind: 'Namespace' },
  events: { path: '/api/v1', apiVersion: 'v1', kind: 'Event' },
  pods: { path: '/api/v1', apiVersion: 'v1', kind: 'Pod' },
  replicationcontrollers: { path: '/api/v1', apiVersion: 'v1', kind: 'ReplicationController' },
  deployments: { path: '/apis/apps/v1', apiVersion: 'apps/v1', kind: 'Deployment' },
  statefulsets: { path: '/apis/apps/v1', apiVersion: 'apps/v1', kind: 'StatefulSet' },
  daemonsets: { path: '/apis/apps/v1', apiVersion: 'apps/v1', kind: 'DaemonSet' },
  replicasets: { path: '/apis/apps/v1', apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  jobs: { path: '/apis/batch/v1', apiVersion: 'batch/v1', kind: 'Job' },
  cronjobs: { path: '/apis/batch/v1', apiVersion: 'batch/v1', kind: 'CronJob' },
} as const;

export type ListedKind = keyof typeof listedKinds;

export interface ListRequest {
  readonly kind: ListedKind;
  /** Undefined: all of them, or of a kind that has none. */
  readonly namespace: string | undefined;
  /** As kubectl's `-l` takes it. */
  readonly labelSelector?: string | undefined;
  /** As kubectl's `--field-selector` takes it. */
  readonly fieldSelector?: string | undefined;
}

/** An object of a list, as far as every kind has it. */
export interface ListedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [member: string]: unknown;
}

/** Objects of a page: some 3 MB of pods. */
const pageSize = 250;

/** Of a page; when its objects are larger, the pages get smaller. */
const mostPageBytes = 32 * 1024 ** 2;

/** A list that has changed too much meanwhile is begun again: what its pages say belongs together. */
const mostBeginnings = 3;

/**
 * Reads a list page by page: `kubectl get` would make one text of all pages, which no program can hold for a large
 * cluster. It takes the same right, to list.
 * @param keep what is kept of an object: the page itself is dropped; undefined leaves the object out
 * @throws as {@link Kubectl}
 */
export async function readPages<T>(kubectl: Kubectl, request: ListRequest, keep: Keep<T>): Promise<T[]> {
  return (await readUpTo(kubectl, request, Number.POSITIVE_INFINITY, keep)).kept;
}

/** What is kept of an object; undefined leaves it out. */
export type Keep<T> = (object: ListedObject) => T | undefined;

export interface PartOfList<T> {
  readonly kept: T[];
  /** False: there are more than was read. */
  readonly complete: boolean;
}

/**
 * As {@link readPages}, and reads no more than so many objects: of lists that others fill, such as events. Who calls it
 * says what was left out.
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
      while (next !== undefined && left > 0) {
        const page: Page | undefined = await readPage(kubectl, request, Math.min(size, left), next);
        if (page === undefined) {
          size = Math.ceil(Math.min(size, left) / 8);
          continue;
        }
        for (const item of page.items) {
          // In a list the API leaves out what all of its items are.
          const one = keep({ ...item, apiVersion, kind });
          if (one !== undefined) kept.push(one);
        }
        left -= page.items.length;
        next = page.metadata.continue || undefined;
        if (next !== undefined) done ??= collectThoroughly();
      }
      return { kept, complete: next === undefined };
    } catch (error) {
      // 410: the pages that are left are gone; etcd is compacted every five minutes.
      if (!isCodedError(error) || error.code !== 'LIST_EXPIRED' || beginning === mostBeginnings) throw error;
    } finally {
      done?.();
    }
  }
}

interface Page {
  readonly items: readonly ListedObject[];
  readonly metadata: { readonly continue?: string };
}

/** @returns undefined when the page is too large; one object alone is never that */
async function readPage(kubectl: Kubectl, request: ListRequest, size: number, next: string): Promise<Page | undefined> {
  const args = ['get', '--raw', listPath(request, size, next)];
  try {
    const { stdout } = await kubectl(args, { timeoutSeconds: 60, maxBytes: mostPageBytes });
    const answer = parseAnswer(stdout, args) as Partial<Page>;
    if (answer.items === undefined)
      throw codedError('KUBECTL_FAILED', 'the answer is not a list', { where: `kubectl ${args.join(' ')}` });
    return { items: answer.items, metadata: answer.metadata ?? {} };
  } catch (error) {
    if (isCodedError(error) && error.code === 'ANSWER_TOO_LARGE' && size > 1) return undefined;
    throw error;
  }
}

/** The path and query of a page. */
export function listPath(
  { kind, namespace, labelSelector, fieldSelector }: ListRequest,
  limit: number,
  next: string,
): string {
  const scope = namespace === undefined || kind === 'namespaces' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const query = new URLSearchParams({
    limit: String(limit),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(next === '' ? {} : { continue: next }),
  });
  return `${listedKinds[kind].path}${scope}/${kind}?${query.toString()}`;
}
