import { isForbidden, rethrowUnlessRecoverable } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readUpTo, type ListRequest } from '../../kubernetes/pages.ts';
import { mapParallel } from '../parallel.ts';
import type { AddressOwner } from './addressBook.ts';
import { apiServerOwner, nodeOfPod, nodeOwner, podOwner, serviceOwner, type NamedObject } from './addressOwners.ts';

/** A list of objects with addresses. */
export interface NamedList {
  /** For messages. */
  readonly what: string;
  /** Without its namespace: that depends on the user's rights. */
  readonly request: Omit<ListRequest, 'namespace'>;
  /** Objects of one namespace alone; undefined: of the cluster, else of the namespaces of the target. */
  readonly namespace?: string;
  readonly ownersOf: (object: NamedObject) => readonly AddressOwner[];
}

/** Those of them that still have their addresses. */
const livingPods = 'status.phase!=Succeeded,status.phase!=Failed';

/** Pods; with them their nodes, for users who may not list those. */
export const podList: NamedList = {
  what: 'pods',
  request: { kind: 'pods', fieldSelector: livingPods },
  ownersOf: (pod) => [podOwner(pod) ?? [], nodeOfPod(pod) ?? []].flat(),
};

/** What changes seldom. */
export const otherLists: readonly NamedList[] = [
  { what: 'nodes', request: { kind: 'nodes' }, ownersOf: (node) => [nodeOwner(node) ?? []].flat() },
  { what: 'services', request: { kind: 'services' }, ownersOf: (service) => [serviceOwner(service) ?? []].flat() },
  {
    what: 'endpointslices',
    request: { kind: 'endpointslices', labelSelector: 'kubernetes.io/service-name=kubernetes' },
    namespace: 'default',
    ownersOf: (slice) => [apiServerOwner(slice) ?? []].flat(),
  },
];

/** Where a user may not list the whole cluster: how many namespaces are read, and how many at a time. */
const mostNamespaces = 20;
const atOnce = 4;

/** What was read of a list. */
export interface OwnersRead {
  /** Undefined: of the whole cluster. */
  readonly namespace: string | undefined;
  readonly owners: readonly AddressOwner[];
  /** For a watch. */
  readonly version: string | undefined;
}

/** What one list of the cluster gave. A part that may not be read leaves the other parts. */
export interface ListRead {
  readonly parts: readonly OwnersRead[];
  /** What the user may not list: `pods of other namespaces`; undefined when all was read. */
  readonly refused: string | undefined;
  /** Why a part of it could not be read, for another reason. */
  readonly problem: string | undefined;
}

/**
 * Reads a list as far as the user may: of the whole cluster, else in these namespaces. What is not allowed is an
 * answer, not an error.
 * @param namespaces asked for when the user may not list the whole cluster
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function readOwners(
  kubectl: Kubectl,
  list: NamedList,
  namespaces: () => Promise<readonly string[]>,
): Promise<ListRead> {
  const whole = await readPart(kubectl, list, list.namespace);
  if (whole !== 'refused' || list.request.kind === 'nodes' || list.namespace !== undefined)
    return readOf([whole], list.what);
  const some = (await namespaces()).slice(0, mostNamespaces);
  const parts = await mapParallel(some, atOnce, async (namespace) => readPart(kubectl, list, namespace));
  const read = readOf(parts, list.what);
  return { ...read, refused: read.parts.length === 0 ? list.what : `${list.what} of other namespaces` };
}

/** Reads one part again. @throws as {@link readOwners} */
export async function readPart(
  kubectl: Kubectl,
  { request, ownersOf }: NamedList,
  namespace: string | undefined,
): Promise<OwnersRead | 'refused' | { readonly problem: string }> {
  try {
    const { kept, version } = await readUpTo(kubectl, { ...request, namespace }, Number.POSITIVE_INFINITY, (object) => {
      const owners = ownersOf(object);
      return owners.length === 0 ? undefined : owners;
    });
    return { namespace, owners: kept.flat(), version };
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return isForbidden(error) ? 'refused' : { problem: error.message };
  }
}

function readOf(parts: readonly Awaited<ReturnType<typeof readPart>>[], what: string): ListRead {
  const problem = parts.find((part) => typeof part === 'object' && 'problem' in part);
  return {
    parts: parts.filter((part): part is OwnersRead => typeof part === 'object' && 'owners' in part),
    refused: parts.includes('refused') ? what : undefined,
    problem: problem === undefined ? undefined : `${what}: ${problem.problem}`,
  };
}

/** One note about all that was not read; undefined when there is nothing to say. Pure. */
export function missingNote(reads: readonly ListRead[]): string | undefined {
  const refused = reads.flatMap((read) => read.refused ?? []);
  const problems = reads.flatMap((read) => read.problem ?? []);
  const parts = [
    ...(refused.length === 0 ? [] : [`you may not list ${refused.join(', ')}`]),
    ...(problems.length === 0 ? [] : [`could not read ${problems.join('; ')}`]),
  ];
  return parts.length === 0 ? undefined : `some addresses have no name: ${parts.join('; ')}`;
}
