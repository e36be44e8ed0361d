import { createHash } from 'node:crypto';
import { statusCounts } from './conform.ts';
import type { ListedObject } from './pages.ts';

type Members = Readonly<Record<string, unknown>>;

/** Large annotations that are never read. */
const heavyAnnotations: ReadonlySet<string> = new Set(['kubectl.kubernetes.io/last-applied-configuration']);

/** The volume that the API server adds to each pod. Its name is random, so no two pods would have equal parts. */
const tokenVolume = /^kube-api-access-[a-z0-9]{5}$/;

/** Makes an object smaller. @returns the object; the caller names the type of the members that it reads */
export type Slimmer = <T>(object: ListedObject) => T;

/**
 * Keeps the objects of a large list in little memory: it drops what is never read, and stores equal parts of several
 * objects, such as the containers of a Deployment's pods, only once.
 */
export function createSlimmer(): Slimmer {
  const shared = new Map<string, unknown>();
  const share = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const key = createHash('sha1').update(JSON.stringify(value)).digest('base64');
    const known = shared.get(key);
    if (known === undefined) shared.set(key, value);
    return known ?? value;
  };
  const shareEach = (value: unknown): unknown => (Array.isArray(value) ? value.map(share) : share(value));
  const slimSpec = (spec: Members): Members =>
    mapMembers(spec, (name, value) => {
      if (name === 'template' || name === 'jobTemplate') return slimTemplate(value);
      return shareEach(withoutTokenVolume(name, value));
    });
  const slimTemplate = (template: unknown): unknown => {
    if (!isMembers(template)) return template;
    const { metadata, spec } = template;
    return {
      ...template,
      ...(isMembers(metadata) ? { metadata: slimMetadata(metadata) } : {}),
      ...(isMembers(spec) ? { spec: slimSpec(spec) } : {}),
    };
  };
  return <T>({ apiVersion, kind, metadata, spec, status, ...rest }: ListedObject) =>
    ({
      ...rest,
      apiVersion,
      kind,
      metadata: slimMetadata(metadata as unknown as Members) as unknown as ListedObject['metadata'],
      ...(isMembers(spec) ? { spec: slimSpec(spec) } : {}),
      ...(isMembers(status)
        ? {
            status: mapMembers(status, (name, value) =>
              usedOfStatus.has(name) ? shareEach(slimStatus(value)) : undefined,
            ),
          }
        : {}),
    }) as T;
}

function slimMetadata({ managedFields: _fields, annotations, ...metadata }: Members): Members {
  if (!isMembers(annotations)) return metadata;
  return {
    ...metadata,
    annotations: mapMembers(annotations, (name, value) => (heavyAnnotations.has(name) ? undefined : value)),
  };
}

/** The members of a status that are read. */
const usedOfStatus: ReadonlySet<string> = new Set([
  'phase',
  'reason',
  'message',
  'conditions',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
  'active',
  'completionTime',
  ...statusCounts,
]);

/** Members of conditions and container statuses that differ from pod to pod and are not read. */
const unusedOfItems: ReadonlySet<string> = new Set([
  'lastTransitionTime',
  'lastProbeTime',
  'lastUpdateTime',
  'observedGeneration',
  'containerID',
  'imageID',
  'lastState',
  'allocatedResources',
  'resources',
  'volumeMounts',
  'user',
  'started',
]);

function slimStatus(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item: unknown) =>
    isMembers(item)
      ? mapMembers(item, (name, member) => {
          if (name === 'state' && isMembers(member))
            return mapMembers(member, (state, details) => (state === 'running' ? {} : details));
          // What few of them have: a container that was started again, a condition that does not hold.
          if (name === 'lastState' && isMembers(member) && isMembers(member['terminated'])) return member;
          if (name === 'lastTransitionTime' && item['status'] === 'False') return member;
          return unusedOfItems.has(name) ? undefined : member;
        })
      : item,
  );
}

function withoutTokenVolume(name: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const renamed = (named: unknown): unknown =>
    isMembers(named) && tokenVolume.test(String(named['name'])) ? { ...named, name: 'kube-api-access' } : named;
  if (name === 'volumes') return value.map(renamed);
  if (!name.toLowerCase().endsWith('containers')) return value;
  return value.map((container: unknown) => {
    if (!isMembers(container) || !Array.isArray(container['volumeMounts'])) return container;
    return { ...container, volumeMounts: container['volumeMounts'].map(renamed) };
  });
}

/** Maps the members of an object; undefined leaves a member out. */
function mapMembers(members: Members, map: (name: string, value: unknown) => unknown): Members {
  const made: Record<string, unknown> = {};
  for (const name of Object.keys(members)) {
    const value = map(name, members[name]);
    if (value !== undefined) made[name] = value;
  }
  return made;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
