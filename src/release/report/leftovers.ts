import { setTimeout as sleep } from 'node:timers/promises';
import type { List, Metadata } from '../../kubernetes/api/types.ts';
import { type Kubectl, itemsOfAnswer, parseAnswer } from '../../kubernetes/kubectl.ts';
import { ifPossible, readSome } from '../../kubernetes/reading.ts';
import { shell } from '../../shell.ts';
import { releaseSelector } from '../helm/release.ts';
import { listsByNamespace, nameOfObject, type ManifestObject } from '../helm/renderedObjects.ts';
import { ownersAnnotation, parseOwners, type Owners } from '../hooks/ownership.ts';
import type { TargetRecord } from '../hooks/record.ts';
import { targetName, type TargetObject } from '../hooks/targetObject.ts';

/** An object or a mark of the release that still exists, and the command line that removes it. */
export interface Leftover {
  /** `secret/web-certs in shop`, or `mark on namespace/shop`. */
  readonly object: string;
  readonly line: string;
}

/** The release that was removed. `patienceSeconds` is 60 by default. */
export interface Search {
  readonly kubectl: Kubectl;
  readonly release: string;
  /** The namespace of its objects. */
  readonly namespace: string;
  /** All objects that the release ever made, including those of hooks. */
  readonly objects: readonly ManifestObject[];
  readonly record: TargetRecord | undefined;
  readonly signal: AbortSignal;
  /** The time for controllers to delete dependent objects. */
  readonly patienceSeconds?: number;
}

/** Finds what is left of a release, after controllers had time to delete dependent objects. @throws as Kubectl */
export async function findLeftovers(search: Search): Promise<Leftover[]> {
  const deadline = performance.now() + (search.patienceSeconds ?? 60) * 1000;
  for (;;) {
    const left = [...(await objectsLeft(search)), ...(await marksLeft(search))];
    if (left.length === 0 || performance.now() > deadline || search.signal.aborted) return left;
    await sleep(1000, undefined, { signal: search.signal }).catch(() => undefined);
  }
}

async function objectsLeft({ kubectl, release, namespace, objects }: Search): Promise<Leftover[]> {
  const wanted = objects.filter((object) => !isKept(object));
  const lists = listsByNamespace(wanted).map(async ({ namespace: place, input }) =>
    readObjects(kubectl, ['get', '-f', '-', ...(place === '' ? [] : [`--namespace=${place}`])], input),
  );
  const own = (await Promise.all(lists)).flat();
  const kinds = 'pods,replicasets.apps,jobs.batch,endpointslices.discovery.k8s.io';
  const made = await readObjects(kubectl, [
    'get',
    kinds,
    '--namespace',
    namespace,
    '--selector',
    releaseSelector(release),
  ]);
  const names = new Map([...own, ...made].map((object) => [nameOfObject(object), object]));
  return [...names].map(([object, { kind, metadata }]) => ({
    object,
    line: shell`kubectl delete ${`${kind.toLowerCase()}/${metadata.name}`} ${metadata.namespace === undefined ? [] : ['--namespace', metadata.namespace]}`,
  }));
}

async function readObjects(
  kubectl: Kubectl,
  args: readonly string[],
  input?: string,
): Promise<readonly ManifestObject[]> {
  const { stdout } = await kubectl([...args, '--ignore-not-found', '-o', 'json'], input === undefined ? {} : { input });
  if (stdout.trim() === '') return [];
  return itemsOfAnswer(parseAnswer(stdout, args) as ManifestObject | List<ManifestObject>);
}

/** The annotation by which the user tells helm to keep an object. */
export function isKept({ metadata }: ManifestObject): boolean {
  return metadata.annotations?.['helm.sh/resource-policy'] === 'keep';
}

async function marksLeft({ kubectl, release, namespace, record }: Search): Promise<Leftover[]> {
  const owner = `${namespace}/${release}`;
  const left = await Promise.all(
    (record?.objects ?? []).map(async (target) => {
      const metadata = await ifPossible(undefined, async () => readMetadata(kubectl, target));
      // A text that cannot be parsed names no owner.
      const owners = parseOwners(metadata?.annotations?.[ownersAnnotation]) ?? {};
      return owners[owner] === undefined
        ? []
        : [{ object: `mark on ${targetName(target)}`, line: undoLine(target, owners, owner) }];
    }),
  );
  return left.flat();
}

async function readMetadata(kubectl: Kubectl, { kind, namespace, name }: TargetObject): Promise<Metadata | undefined> {
  const place = kind === 'Namespace' ? [] : ['--namespace', namespace];
  const [object] = await readSome<{ readonly metadata: Metadata }>(kubectl, [
    'get',
    kind.toLowerCase(),
    name,
    ...place,
  ]);
  return object?.metadata;
}

/** The command line that removes the owner's mark, and its key if no other release has set it too. */
function undoLine({ kind, namespace, name }: TargetObject, owners: Owners, owner: string): string {
  const { [owner]: key = '', ...others } = owners;
  const mark = Object.keys(others).length === 0 ? null : JSON.stringify(others);
  const marks = { annotations: { [ownersAnnotation]: mark } };
  const own = Object.values(others).includes(key) ? undefined : { [key]: null };
  const patch =
    kind === 'Namespace'
      ? { metadata: { ...marks, ...(own === undefined ? {} : { labels: own }) } }
      : { metadata: marks, ...(own === undefined ? {} : { spec: { template: { metadata: { annotations: own } } } }) };
  const place = kind === 'Namespace' ? [] : ['--namespace', namespace];
  return shell`kubectl patch ${`${kind.toLowerCase()}/${name}`} ${place} --type merge --patch ${JSON.stringify(patch)}`;
}
