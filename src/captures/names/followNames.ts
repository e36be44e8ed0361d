import { setTimeout as sleep } from 'node:timers/promises';
import { isCodedError } from '../../errors.ts';
import type { Kubectl, KubectlStart } from '../../kubernetes/kubectl.ts';
import { startWatch, type Watch, type WatchEvent } from '../../kubernetes/watch.ts';
import type { Naming } from '../../pcapng/index.ts';
import { createAddressBook, type AddressBook, type AddressOwner } from './addressBook.ts';
import { podId } from './addressOwners.ts';
import {
  missingNote,
  otherLists,
  podList,
  readOwners,
  readPart,
  type ListRead,
  type NamedList,
  type OwnersRead,
} from './readOwners.ts';

/** Names of addresses for a live output. */
export interface LiveNames {
  readonly naming: Naming;
  /** Resolves when the lists are read, or could not be; never rejects. */
  readonly ready: Promise<void>;
  /** Ends what was started. Never rejects. */
  readonly end: () => Promise<void>;
}

/** How the owners of addresses are listed and watched. */
export interface FollowOptions {
  /** A kubectl that ends when it is over. */
  readonly connect: (over: AbortSignal) => Kubectl;
  readonly start: KubectlStart;
  /** Those of the target, for users who may not list the whole cluster. */
  readonly namespaces: () => Promise<readonly string[]>;
  /** Receives one note about what the user may not read. */
  readonly onNote: (note: string) => void;
}

/** Milliseconds between two readings of what changes seldom, and of pods that the user may list but not watch. */
const othersEvery = 60_000;
const podsEvery = 15_000;
/** Milliseconds before a watch that has failed is started again; doubled up to the longest. */
const shortestRetry = 1000;
const longestRetry = 30_000;

/**
 * Reads who has which address, and follows it while packets are captured: pods by a watch, what changes seldom by
 * reading it again. It never fails: without rights or answers there are fewer names.
 */
export function followNames({ connect, start, namespaces, onNote }: FollowOptions): LiveNames {
  const book = createAddressBook();
  const ending = new AbortController();
  const kubectl = connect(ending.signal);
  const follower = { kubectl, start, over: ending.signal, watches: new Set<Watch>() };
  const groups = new Map<string, OwnerGroup>();
  const take = ({ request: { kind } }: NamedList, { parts }: ListRead): void => {
    for (const part of parts) {
      const key = `${kind} ${part.namespace ?? ''}`;
      const group = groups.get(key) ?? createOwnerGroup(book);
      groups.set(key, group);
      group.replace(part.owners);
    }
  };
  const readAll = async (lists: readonly NamedList[]): Promise<readonly ListRead[]> =>
    Promise.all(
      lists.map(async (list) => {
        const read = await readOwners(kubectl, list, namespaces);
        take(list, read);
        return read;
      }),
    );
  const readFirst = async (): Promise<readonly OwnersRead[]> => {
    const reads = await readAll([podList, ...otherLists]);
    const note = missingNote(reads);
    if (note !== undefined && !ending.signal.aborted) onNote(note);
    return reads[0]?.parts ?? [];
  };
  const followOthers = async (): Promise<void> => {
    while (await isDue(othersEvery, ending.signal)) await readAll(otherLists);
  };
  const first = readFirst();
  const followAll = async (): Promise<void> => {
    const parts = await first;
    const followed = parts.flatMap((part) => {
      const group = groups.get(`${podList.request.kind} ${part.namespace ?? ''}`);
      return group === undefined ? [] : [followPods(follower, group, part)];
    });
    await Promise.all([...followed, followOthers()]);
  };
  // INTERRUPTED and KUBECTL_MISSING end the command elsewhere.
  const ended = followAll().catch(ignoreCoded);
  return {
    naming: book,
    ready: first.then(() => undefined).catch(ignoreCoded),
    end: async () => {
      ending.abort();
      for (const watch of follower.watches) watch.stop();
      await ended;
    },
  };
}

function ignoreCoded(error: unknown): void {
  if (!isCodedError(error)) throw error;
}

/** The owners of a list, which is read now and then. */
interface OwnerGroup {
  readonly set: (owner: AddressOwner) => void;
  readonly remove: (owner: Pick<AddressOwner, 'kind' | 'id'>) => void;
  /** All of them; the others are removed. */
  readonly replace: (owners: readonly AddressOwner[]) => void;
}

function createOwnerGroup(book: AddressBook): OwnerGroup {
  let known = new Map<string, Pick<AddressOwner, 'kind' | 'id'>>();
  const keyOf = ({ kind, id }: Pick<AddressOwner, 'kind' | 'id'>): string => `${kind}/${id}`;
  const set = (owner: AddressOwner): void => {
    known.set(keyOf(owner), { kind: owner.kind, id: owner.id });
    book.set(owner);
  };
  return {
    set,
    remove(owner) {
      known.delete(keyOf(owner));
      book.remove(owner.kind, owner.id);
    },
    replace(owners) {
      const before = known;
      known = new Map();
      for (const owner of owners) set(owner);
      for (const [key, { kind, id }] of before) if (!known.has(key)) book.remove(kind, id);
    },
  };
}

interface Follower {
  readonly kubectl: Kubectl;
  readonly start: KubectlStart;
  readonly over: AbortSignal;
  readonly watches: Set<Watch>;
}

/** Follows the pods of the cluster, or of one namespace, until it is over. @throws as Kubectl, INTERRUPTED and such */
async function followPods(follower: Follower, group: OwnerGroup, { namespace, version }: OwnersRead): Promise<void> {
  const { kubectl, over } = follower;
  let from = version;
  let retry = shortestRetry;
  while (!over.aborted) {
    if (from === undefined) {
      const read = await readPart(kubectl, podList, namespace);
      if (typeof read === 'object' && 'owners' in read) {
        group.replace(read.owners);
        from = read.version;
      }
    }
    const end = from === undefined ? 'failed' : await watchPods(follower, group, namespace, from);
    if (typeof end === 'object') {
      from = end.version;
      retry = shortestRetry;
      continue;
    }
    // The next list says what has changed meanwhile.
    from = undefined;
    if (!(await isDue(end === 'refused' ? podsEvery : retry, over))) return;
    retry = end === 'refused' ? shortestRetry : Math.min(retry * 2, longestRetry);
  }
}

/**
 * Takes the changes of pods until the watch ends. @returns the version of the last one when it ended well; `refused`
 * when the user may not watch
 */
async function watchPods(
  { start, over, watches }: Follower,
  group: OwnerGroup,
  namespace: string | undefined,
  from: string,
): Promise<{ readonly version: string } | 'refused' | 'failed'> {
  const watch = startWatch(start, { ...podList.request, namespace }, from);
  watches.add(watch);
  let version = from;
  try {
    for await (const event of watch.events) {
      version = event.object.metadata.resourceVersion ?? version;
      if (event.type !== 'BOOKMARK') takeEvent(group, event);
    }
  } catch (error) {
    watch.stop();
    if (!isCodedError(error)) throw error;
    return 'failed';
  } finally {
    watches.delete(watch);
  }
  const { error } = await watch.ended;
  if (error === undefined || over.aborted) return { version };
  return error.code === 'FORBIDDEN' ? 'refused' : 'failed';
}

function takeEvent(group: OwnerGroup, { type, object }: WatchEvent): void {
  const owners = podList.ownersOf(object);
  for (const owner of owners) if (type !== 'DELETED' || owner.kind !== 'pod') group.set(owner);
  if (type === 'DELETED' || owners.every(({ kind }) => kind !== 'pod'))
    group.remove({ kind: 'pod', id: podId(object) });
}

/** @returns false when it is over */
async function isDue(milliseconds: number, over: AbortSignal): Promise<boolean> {
  await sleep(milliseconds, undefined, { signal: over }).catch(() => undefined);
  return !over.aborted;
}
