import { annotationPrefix, injectAnnotation } from '../../settings/index.ts';
import type { TargetKind } from './targetObject.ts';

/**
 * On the object's own metadata, so that it rolls nothing: who opted it in, as JSON `{"<namespace>/<release>":
 * "<key>"}`.
 */
export const ownersAnnotation = `${annotationPrefix}opted-in-by`;

/** The label or annotation key that each release has set, by `<namespace>/<release>`. */
export type Owners = Readonly<Record<string, string>>;

/** What matters of an object. */
export interface OptInState {
  /** A namespace's labels, or the annotations of a workload's pod template. */
  readonly marks: Readonly<Record<string, string>>;
  readonly owners: Owners;
}

/** Why an object is left as it is. */
export const leftReasons = {
  set_by_others: "it is opted in already, and not by a release: that stays the user's own",
  other_value: 'the key has another value, which no release has set',
  opted_out: 'its annotation says "false", which always wins',
  namespace_not_opted_in: 'its namespace was not opted in: its pods would be replaced for nothing',
} as const;

export type LeftReason = keyof typeof leftReasons;

export interface OptIn {
  readonly kind: TargetKind;
  /** `<namespace>/<release>`. */
  readonly owner: string;
  /** Label of a namespace, annotation of a pod template. */
  readonly key: string;
}

/** What {@link OptIn} sets its key to. */
export function optInValue(kind: TargetKind): string {
  return kind === 'Namespace' ? 'enabled' : 'true';
}

/**
 * Adds the key and the owner's entry. A key that the owner has set before and that is no longer the wanted one goes in
 * the same step, so that a workload rolls once. What no release has set is the user's and stays.
 */
export function optInState(
  state: OptInState,
  { kind, owner, key }: OptIn,
): { readonly state: OptInState; readonly left?: LeftReason } {
  const value = optInValue(kind);
  if (kind !== 'Namespace' && state.marks[injectAnnotation] === 'false') return { state, left: 'opted_out' };
  const own = state.owners[owner];
  const base = own === undefined || own === key ? state : optOutState(state, kind, owner);
  const present = base.marks[key];
  if (present !== undefined && present !== value) return { state: base, left: 'other_value' };
  if (present !== undefined && !Object.values(base.owners).includes(key)) return { state: base, left: 'set_by_others' };
  return { state: { marks: { ...base.marks, [key]: value }, owners: { ...base.owners, [owner]: key } } };
}

/** Takes the owner's entry out, and its key when no other entry names it and it still has the value that was set. */
export function optOutState({ marks, owners }: OptInState, kind: TargetKind, owner: string): OptInState {
  const { [owner]: key, ...others } = owners;
  if (key === undefined) return { marks, owners };
  if (Object.values(others).includes(key) || marks[key] !== optInValue(kind)) return { marks, owners: others };
  const { [key]: _gone, ...rest } = marks;
  return { marks: rest, owners: others };
}

/** @returns undefined when the text is no such JSON, so somebody else wrote it */
export function parseOwners(text: string | undefined): Owners | undefined {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.values(value).every((key) => typeof key === 'string') ? (value as Owners) : undefined;
  } catch {
    return undefined;
  }
}

/** Sorted, so that the order in which releases come does not show. */
export function formatOwners(owners: Owners): string | undefined {
  const entries = Object.entries(owners).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : JSON.stringify(Object.fromEntries(entries));
}
