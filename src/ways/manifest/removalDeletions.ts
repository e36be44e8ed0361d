import { inFrontOf, type Removal } from '../../inject/index.ts';
import { wasEmpty, wasNull } from './blockInsertion.ts';
import type { Deletion } from './edits.ts';
import { entryRanges } from './entries.ts';
import { removeFromFront } from './frontText.ts';
import { annotationsOf } from './insertion.ts';
import { childStep } from './manifestObjects.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { refuseShared } from './shared.ts';
import { indentationBefore, lineAfter, lineEnd, lineStart, skipTrivia, type Source } from './text.ts';
import type { Workload } from './workloads.ts';
import { resolved, type CollectionNode, type MapNode } from './yaml/nodes.ts';

/** What is removed: parts of the values of some keys, or the entries with these names. */
type Removals = { readonly [key: string]: Removals } | readonly string[];

/** What is removed from a collection; 'all' if no entry would stay. */
type Removed = readonly Deletion[] | 'all';

/**
 * The deletions that remove the sidecar from the pod template of a workload, and the parent keys that were added with
 * it.
 * @throws YAML_UNSUPPORTED if the text to change is used elsewhere too
 */
export function removalDeletions({ document, trail, template }: Workload, removal: Removal): readonly Deletion[] {
  if (template === undefined) return [];
  for (const step of trail) refuseShared(document, step);
  const { annotations, shortened = {}, ...lists } = removal;
  const shortenings = Object.entries(shortened).flatMap(([key, value]) => {
    const map = annotationsOf(document, template.node);
    return map === undefined ? [] : removeFromFront(document, map, key, inFrontOf(value));
  });
  const removed = removeFrom(document, template.node, { metadata: { annotations }, spec: lists });
  return removed === 'all' ? shortenings : [...shortenings, ...removed];
}

function removeFrom(document: ParsedDocument, value: CollectionNode, removals: Removals): Removed {
  if (isNames(removals)) return removeNamed(document, value, removals);
  return value.kind === 'map' ? removeFields(document, value, removals) : [];
}

function isNames(removals: Removals): removals is readonly string[] {
  return Array.isArray(removals);
}

/** Removes parts of the values of some keys. A key whose value becomes empty is removed too, if it was added. */
function removeFields(document: ParsedDocument, map: MapNode, removals: Readonly<Record<string, Removals>>): Removed {
  const { source } = document;
  const deletions: Deletion[] = [];
  const gone: number[] = [];
  for (const [key, inner] of Object.entries(removals)) {
    const step = childStep(document, map, key);
    const value = step && resolved(step.node);
    if (step === undefined || value === undefined || value.kind === 'scalar') continue;
    const removed = removeFrom(document, value, inner);
    if (removed.length === 0) continue;
    refuseShared(document, step);
    const index = map.pairs.findIndex((pair) => pair.value === value);
    const kept = removed === 'all' ? keptEmpty(source, map, index, value) : removed;
    if (kept === undefined) gone.push(index);
    else deletions.push(...kept);
  }
  const all = gone.length > 0 && gone.length === map.pairs.length;
  return all ? 'all' : [...deletions, ...removeEntries(source, map, gone)];
}

function removeNamed({ source, values }: ParsedDocument, value: CollectionNode, names: readonly string[]): Removed {
  const present =
    value.kind === 'map'
      ? value.pairs.map(({ key }) => String(values.of(key)))
      : value.items.map((item) => String((values.of(item) as { readonly name?: unknown }).name));
  const indexes = present.flatMap((name, index) => (names.includes(name) ? [index] : []));
  return indexes.length > 0 && indexes.length === present.length ? 'all' : removeEntries(source, value, indexes);
}

/** Makes a value empty again that was empty before; undefined if it was absent. */
function keptEmpty(source: Source, map: MapNode, index: number, value: CollectionNode): Deletion[] | undefined {
  return value.flow ? keptBrackets(source, value) : keptKey(source, map, index, value);
}

/** Brackets that were there have no space after the opening one; see flowInsertion.ts. */
function keptBrackets(source: Source, value: CollectionNode): Deletion[] | undefined {
  const ranges = entryRanges(source, value);
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined || first.start !== value.start + 1) return undefined;
  return [{ start: first.start, end: last.end }];
}

/** A key that was there has a comment after its colon, ours or the user's. */
function keptKey(source: Source, { pairs }: MapNode, index: number, value: CollectionNode): Deletion[] | undefined {
  const behindColon = skipTrivia(source.text, pairs[index]?.key.end ?? 0) + 1;
  const rest = source.text.slice(behindColon, lineEnd(source, behindColon));
  if (rest.trim() === '') return undefined;
  const marker = rest.startsWith(wasEmpty) ? wasEmpty : /^ # was (~|null|Null|NULL)/.test(rest) ? wasNull : '';
  const entries = value.kind === 'map' ? value.pairs : value.items;
  return [
    { start: behindColon, end: behindColon + marker.length },
    ...removeEntries(source, value, [...entries.keys()]),
  ];
}

/** Removes some entries: whole lines of a block, or the text and its comma in brackets. */
function removeEntries(source: Source, collection: CollectionNode, indexes: readonly number[]): Deletion[] {
  const ranges = indexes.length === 0 ? [] : entryRanges(source, collection);
  return indexes.flatMap((index) => {
    const range = ranges[index];
    if (range === undefined) return [];
    if (!collection.flow && indentationBefore(source, range.start) !== undefined) {
      return [{ start: lineStart(source, range.start), end: lineAfter(source, range.end) }];
    }
    // After an entry that stays, the comma before a removed one is removed too; at the front, all up to one that stays.
    const stays = (at: number): boolean => !indexes.includes(at);
    if (collection.flow && ranges.some((_, at) => at < index && stays(at)))
      return [{ start: ranges[index - 1]?.end ?? range.start, end: range.end }];
    return [{ start: range.start, end: ranges.find((_, at) => at > index && stays(at))?.start ?? range.end }];
  });
}
