import type { Addition } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';

type ListName = Exclude<keyof Addition, 'annotations' | 'inFront'>;

/** The lists of a pod's spec that an addition can add to. */
export function listsOf(addition: Addition): readonly ListName[] {
  return (Object.keys(addition) as (keyof Addition)[]).filter((key) => key !== 'annotations' && key !== 'inFront');
}

/**
 * What of a pod is lost or changed in the one that came out of it, or what of the addition is missing there; undefined
 * when nothing is. Items and fields must be the very same objects, not equal ones: that is certain, and quick for a pod
 * of any size.
 */
export function lostPart(before: PodTemplate, after: PodTemplate, addition: Addition): string | undefined {
  const lists = listsOf(addition);
  if (!sameFields(before, after, ['metadata', 'spec'])) return 'it changes the pod itself';
  if (!sameFields(before.metadata ?? {}, after.metadata ?? {}, ['annotations'])) return 'it changes the metadata';
  if (!sameFields(before.spec ?? {}, after.spec ?? {}, lists)) return 'it changes the spec';
  const annotations = annotationLoss(before, after, addition);
  if (annotations !== undefined) return annotations;
  const wrong = lists.find((list) => !keepsItems(before.spec?.[list] ?? [], after.spec?.[list] ?? [], addition[list]));
  return wrong === undefined ? undefined : `${wrong} are not what they should be`;
}

function annotationLoss(
  before: PodTemplate,
  after: PodTemplate,
  { annotations, inFront = {} }: Addition,
): string | undefined {
  const present = before.metadata?.annotations ?? {};
  if (Object.keys(annotations).some((key) => Object.hasOwn(present, key))) return 'it replaces an annotation';
  const extended = Object.entries(inFront).map(([key, text]) => [key, `${text}${present[key] ?? ''}`]);
  const expected = { ...present, ...Object.fromEntries(extended), ...annotations };
  return sameFields(expected, after.metadata?.annotations ?? {}, [])
    ? undefined
    : 'the annotations are not what they should be';
}

function sameFields(before: object, after: object, except: readonly string[]): boolean {
  const keysOf = (fields: object): string[] => Object.keys(fields).filter((key) => !except.includes(key));
  const keys = keysOf(before);
  const [old, now] = [before, after] as Readonly<Record<string, unknown>>[];
  return (
    keys.length === keysOf(after).length &&
    keys.every((key) => Object.hasOwn(after, key) && Object.is(old?.[key], now?.[key]))
  );
}

/** The items from before are still there in their order, and the others are exactly the added ones. */
function keepsItems(before: readonly unknown[], after: readonly unknown[], added: readonly unknown[]): boolean {
  const old = new Set(before);
  const kept = after.filter((item) => old.has(item));
  const others = after.filter((item) => !old.has(item));
  return sameItems(kept, before) && sameItems(others, added);
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
