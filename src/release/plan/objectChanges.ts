import { createTwoFilesPatch } from 'diff';
import { stringify } from 'yaml';
import { maskSecrets, nameOfObject, type ManifestObject } from '../helm/renderedObjects.ts';

/** The change of one object. */
export interface ObjectChange {
  /** `deployment/web in shop` */
  readonly object: string;
  readonly change: 'create' | 'change' | 'delete';
  /** Unified diff of the object as YAML, secrets masked; ends with a line break. */
  readonly diff: string;
}

/** The changes from one set of objects to another, created objects first; unchanged objects are left out. */
export function changesBetween(before: readonly ManifestObject[], after: readonly ManifestObject[]): ObjectChange[] {
  const old = byName(before);
  const wanted = byName(after);
  const of = (object: string, from: ManifestObject | undefined, to: ManifestObject | undefined): ObjectChange[] => {
    const [left, right] = [textOf(from), textOf(to)];
    if (left === right) return [];
    const change = from === undefined ? 'create' : to === undefined ? 'delete' : 'change';
    return [{ object, change, diff: unifiedDiff(object, left, right) }];
  };
  const changes = [
    ...[...wanted].flatMap(([name, object]) => of(name, old.get(name), object)),
    ...[...old].flatMap(([name, object]) => (wanted.has(name) ? [] : of(name, object, undefined))),
  ];
  const order: readonly ObjectChange['change'][] = ['create', 'change', 'delete'];
  return changes.toSorted((a, b) => order.indexOf(a.change) - order.indexOf(b.change));
}

/** `12 created, 1 changed, 0 deleted` */
export function countChanges(changes: readonly ObjectChange[]): string {
  const count = (kind: ObjectChange['change']): number => changes.filter(({ change }) => change === kind).length;
  return `${count('create')} created, ${count('change')} changed, ${count('delete')} deleted`;
}

function byName(objects: readonly ManifestObject[]): Map<string, ManifestObject> {
  return new Map(objects.map((object) => [nameOfObject(object), object]));
}

/** Sorts keys, so that a line that only moves is not a change. */
function textOf(object: ManifestObject | undefined): string {
  if (object === undefined) return '';
  return stringify(maskSecrets(object), { lineWidth: 0, sortMapEntries: true, aliasDuplicateObjects: false });
}

function unifiedDiff(name: string, before: string, after: string): string {
  const [from, to] = [before === '' ? '/dev/null' : name, after === '' ? '/dev/null' : name];
  const patch = createTwoFilesPatch(from, to, before, after, undefined, undefined, { context: 3 });
  // The first lines are a header in the format of CVS, which is left out.
  return patch.slice(patch.indexOf('--- '));
}
