import type { Addition } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';

type ListName = Exclude<keyof Addition, 'annotations' | 'inFront'>;

/** The lists of a pod's spec to which an addition can add. */
export function listsOf(addition: Addition): readonly ListName[] {
  return (Object.keys(addition) as (keyof Addition)[]).filter((key) => key !== 'annotations' && key !== 'inFront');
}

/**
 * What a patched pod has lost or changed of the original, or lacks of the addition; undefined for nothing. Items and
 * fields must be identical objects, not only equal ones: that is exact, and fast for a pod of any size.
 */
export function lostPart(before: PodTemplate, after: PodTemplate, addition: Addition): string | undefined {
  const lists = listsOf(addition);
  if (!sameFields(before, after, ['metadata', 'spec'])) return 'the patch changes the pod itself';
  if (!sameFields(before.metadata ?? {}, after.metadata ?? {}, ['annotations']))
    return 'the patch changes the metadata';
  if (!sameFields(before.spec ?? {}, after.spec ?? {}, lists)) return 'the patch changes the spec';
  const annotations = annotationLoss(before, after, addition);
  if (annotations !== undefined) return annotations;
  const wrong = lists.find((list) => !keepsItems(before.spec?.[list] ?? [], after.spec?.[list] ?? [], addition[list]));
  return wrong === undefined ? undefined : `${wrong} are not as expected`;
}

function annotationLoss(
  before: PodTemplate,
  after: PodTemplate,
  { annotations, inFront = {} }: Addition,
): string | undefined {
  const present = before.metadata?.annotations ?? {};
  if (Object.keys(annotations).some((key) => Object.hasOwn(present, key))) return 'the patch replaces an annotation';
  const extended = Object.entries(inFront).map(([key, text]) => [key, `${text}${present[key] ?? ''}`]);
  const expected = { ...present, ...Object.fromEntries(extended), ...annotations };
  return sameFields(expected, after.metadata?.annotations ?? {}, [])
    ? undefined
    : 'the annotations are not as expected';
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

/** Whether `after` contains the items of `before` in their order, and in addition exactly the added ones. */
function keepsItems(before: readonly unknown[], after: readonly unknown[], added: readonly unknown[]): boolean {
  const old = new Set(before);
  const kept = after.filter((item) => old.has(item));
  const others = after.filter((item) => !old.has(item));
  return sameItems(kept, before) && sameItems(others, added);
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
