import {
  formatOwners,
  optInState,
  optOutState,
  ownersAnnotation,
  parseOwners,
  type LeftReason,
  type OptIn,
  type OptInState,
} from './ownership.ts';
import type { TargetKind } from './targetObject.ts';

type Strings = Readonly<Record<string, string>>;

interface Metadata {
  readonly resourceVersion?: string;
  readonly labels?: Strings;
  readonly annotations?: Strings;
}

/** The fields of a namespace or a workload that are read. */
export interface ApiObject {
  readonly metadata: Metadata;
  readonly spec?: { readonly template?: { readonly metadata?: Metadata } };
}

/** The planned change of one object. */
export interface Plan {
  /** A JSON merge patch (RFC 7386) for this version of the object; undefined when there is no change. */
  readonly patch: object | undefined;
  /** Whether the release then has an entry, so that the object must be in its record. */
  readonly ours: boolean;
  readonly left?: LeftReason | 'owners_unreadable';
}

/** The change that opts an object in; empty when it is opted in already, or not by a release. */
export function planOptIn(object: ApiObject, optIn: OptIn): Plan {
  const before = stateOf(object, optIn.kind);
  if (before === undefined) return { patch: undefined, ours: false, left: 'owners_unreadable' };
  const { state, left } = optInState(before, optIn);
  const plan = { patch: patchOf(object, optIn.kind, before, state), ours: Object.hasOwn(state.owners, optIn.owner) };
  return left === undefined ? plan : { ...plan, left };
}

/** The change that removes a release's entry, and the key if no other release needs it. */
export function planOptOut(object: ApiObject, kind: TargetKind, owner: string): Plan {
  const before = stateOf(object, kind);
  if (before === undefined) return { patch: undefined, ours: false, left: 'owners_unreadable' };
  return { patch: patchOf(object, kind, before, optOutState(before, kind, owner)), ours: false };
}

function stateOf({ metadata, spec }: ApiObject, kind: TargetKind): OptInState | undefined {
  const owners = parseOwners(metadata.annotations?.[ownersAnnotation]);
  const marks = kind === 'Namespace' ? metadata.labels : spec?.template?.metadata?.annotations;
  return owners === undefined ? undefined : { owners, marks: marks ?? {} };
}

function patchOf({ metadata }: ApiObject, kind: TargetKind, before: OptInState, after: OptInState): object | undefined {
  const annotations = metadata.annotations ?? {};
  const { [ownersAnnotation]: _present, ...others } = annotations;
  const wanted = formatOwners(after.owners);
  const ownersChange = sameOwners(before, after)
    ? undefined
    : mapChange(annotations, wanted === undefined ? others : { ...others, [ownersAnnotation]: wanted });
  const marksChange = mapChange(before.marks, after.marks);
  if (ownersChange === undefined && marksChange === undefined) return undefined;
  const own = {
    resourceVersion: metadata.resourceVersion,
    ...(ownersChange === undefined ? {} : { annotations: ownersChange }),
  };
  if (marksChange === undefined) return { metadata: own };
  return kind === 'Namespace'
    ? { metadata: { ...own, labels: marksChange } }
    : { metadata: own, spec: { template: { metadata: { annotations: marksChange } } } };
}

/** Compares the parsed entries, because a difference in formatting is no reason to write. */
function sameOwners(before: OptInState, after: OptInState): boolean {
  return formatOwners(before.owners) === formatOwners(after.owners);
}

/** The merge patch of a map; null removes a map that would be empty. */
function mapChange(before: Strings, after: Strings): Readonly<Record<string, string | null>> | null | undefined {
  const changed = Object.entries(after).filter(([key, value]) => before[key] !== value);
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  if (changed.length + gone.length === 0) return undefined;
  if (Object.keys(after).length === 0) return null;
  return Object.fromEntries([...changed, ...gone.map((key) => [key, null] as const)]);
}
