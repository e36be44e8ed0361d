import { syntaxHint, type Fail } from './place.ts';
import { plainValue, taggedValue } from './scalar.ts';
import { resolved, type MapNode, type Node, type Pair, type ScalarNode } from './yaml/nodes.ts';

/** A key of a mapping. `owner` is the mapping in which it is written, another one for a merged key. */
export interface Entry {
  readonly pair: Pair;
  readonly owner: MapNode;
}

/** The values of a document's nodes, as kubectl reads them. It keeps what it has computed for the document. */
export interface Values {
  /** The keys of a mapping in their order, including merged ones (`<<`). */
  entries(map: MapNode): ReadonlyMap<string, Entry>;
  of(node: Node): unknown;
}

/** A file of 1 MB with more than this many merged keys is an attack. */
const maxMergedKeys = 100_000;

/** The deepest nesting: more than any manifest has, and little enough for the stack. */
const maxDepth = 500;

/**
 * If a key is written twice, the last one counts, as in kubectl.
 * @throws YAML_INVALID for a key that is not a scalar, a merge of something that is not a mapping, and endless nesting
 */
export function createValues(text: string, fail: Fail): Values {
  const values = new Map<Node, unknown>();
  const entries = new Map<MapNode, ReadonlyMap<string, Entry>>();
  let mergedKeys = 0;
  let depth = 0;

  const entriesOf = (map: MapNode): ReadonlyMap<string, Entry> => {
    const known = entries.get(map);
    if (known !== undefined) return known;
    const found = new Map<string, Entry>();
    for (const pair of map.pairs) {
      if (isMerge(pair.key)) {
        // In sigs.k8s.io/yaml merged keys override the keys before them; in other parsers they never do.
        for (const source of mergeSources(pair.value, fail)) {
          for (const [key, entry] of entriesOf(source)) found.set(key, entry);
          mergedKeys += source.pairs.length;
          if (mergedKeys > maxMergedKeys) throw fail('YAML_INVALID', pair.key.start, 'too many keys are merged');
        }
        continue;
      }
      const key = keyText(pair.key, text, fail);
      found.set(key, { pair, owner: map });
    }
    entries.set(map, found);
    return found;
  };

  /** Of most mappings only the value is needed. */
  const objectOf = (map: MapNode): Readonly<Record<string, unknown>> => {
    const object: Record<string, unknown> = {};
    if (isMerged(map) || entries.has(map)) {
      for (const [key, { pair }] of entriesOf(map)) setOwn(object, key, valueOf(pair.value));
      return object;
    }
    for (const { key: keyNode, value } of map.pairs) {
      const key = keyText(keyNode, text, fail);
      setOwn(object, key, valueOf(value));
    }
    return object;
  };

  const valueOf = (node: Node): unknown => {
    const target = resolved(node);
    if (target.kind === 'scalar') return scalarValue(target);
    if (!values.has(target)) {
      depth += 1;
      if (depth > maxDepth) throw fail('YAML_INVALID', target.start, 'The document is nested too deeply');
      values.set(target, target.kind === 'sequence' ? target.items.map(valueOf) : objectOf(target));
      depth -= 1;
    }
    return values.get(target);
  };

  return { entries: entriesOf, of: valueOf };
}

/** The value of a scalar, as kubectl reads it. */
export function scalarValue({ plain, tag, text }: ScalarNode): string | number | boolean | null {
  if (tag !== undefined) return taggedValue(text, tag);
  return plain ? plainValue(text) : text;
}

/** Whether a node is null. */
export function isNull(node: Node): boolean {
  const target = resolved(node);
  return target.kind === 'scalar' && scalarValue(target) === null;
}

/** A key with this name would set the prototype. */
function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

function isMerged({ pairs }: MapNode): boolean {
  return pairs.some(({ key }) => isMerge(key));
}

function isMerge(key: Node): boolean {
  return (
    key.kind === 'scalar' &&
    key.text === '<<' &&
    (key.tag === undefined ? key.plain : key.tag === '!!merge' || key.tag === '!')
  );
}

/** The mappings of a merge; the last one overrides the others. */
function mergeSources(value: Node, fail: Fail): MapNode[] {
  const target = resolved(value);
  const sources = target.kind === 'sequence' ? target.items.map(resolved).toReversed() : [target];
  return sources.map((source) => {
    if (source.kind !== 'map')
      throw fail('YAML_INVALID', value.start, 'a merge (<<) needs a mapping or a list of mappings');
    return source;
  });
}

function keyText(key: Node, text: string, fail: Fail): string {
  const target = resolved(key);
  // In a template, `{{ .Values.image }}` reads as a mapping whose key is a mapping.
  if (target.kind !== 'scalar')
    throw fail(
      'YAML_INVALID',
      key.start,
      'a key must be a scalar',
      syntaxHint(text.slice(key.start - 1, key.start + 1)),
    );
  const value = scalarValue(target);
  if (value === null) throw fail('YAML_INVALID', key.start, 'a key must not be null');
  return String(value);
}
