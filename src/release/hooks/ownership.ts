import { annotationPrefix, injectAnnotation } from '../../settings/index.ts';
import type { TargetKind } from './targetObject.ts';

/**
 * Who opted it in, as JSON `{"<namespace>/<release>": "<key>"}`. It is in the object's own metadata, which replaces no
 * pods.
 */
export const ownersAnnotation = `${annotationPrefix}opted-in-by`;

/** The label or annotation key that each release has set, by `<namespace>/<release>`. */
export type Owners = Readonly<Record<string, string>>;

/** The parts of an object that an opt-in uses. */
export interface OptInState {
  /** A namespace's labels, or the annotations of a workload's pod template. */
  readonly marks: Readonly<Record<string, string>>;
  readonly owners: Owners;
}

/** Why an object is left as it is. */
export const leftReasons = {
  set_by_others: 'it is opted in already, but not by a release: the installer does not change that',
  other_value: 'the key has another value, which no release has set',
  opted_out: 'its annotation is "false", which always wins',
  namespace_not_opted_in: 'its namespace was not opted in: its pods would be replaced without effect',
} as const;

/** A code of the table, as the hook logs it. */
export type LeftReason = keyof typeof leftReasons;

/** The mark that a release sets on an object of this kind. */
export interface OptIn {
  readonly kind: TargetKind;
  /** `<namespace>/<release>`. */
  readonly owner: string;
  /** The key: a label of a namespace, an annotation of a pod template. */
  readonly key: string;
}

/** The value of the key of {@link OptIn}. */
export function optInValue(kind: TargetKind): string {
  return kind === 'Namespace' ? 'enabled' : 'true';
}

/**
 * Adds the key and the owner's entry. A key that the owner set earlier and that is not wanted any more is removed in
 * the same step, so that pods are replaced only once. A key that no release has set belongs to the user and stays.
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

/** Removes the owner's entry, and its key if no other entry has it and its value is still the one that was set. */
export function optOutState({ marks, owners }: OptInState, kind: TargetKind, owner: string): OptInState {
  const { [owner]: key, ...others } = owners;
  if (key === undefined) return { marks, owners };
  if (Object.values(others).includes(key) || marks[key] !== optInValue(kind)) return { marks, owners: others };
  const { [key]: _gone, ...rest } = marks;
  return { marks: rest, owners: others };
}

/** @returns undefined when the text is not such JSON, so that somebody else wrote it */
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

/** The entries as JSON, sorted, so that the order of the releases does not matter. */
export function formatOwners(owners: Owners): string | undefined {
  const entries = Object.entries(owners).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : JSON.stringify(Object.fromEntries(entries));
}
