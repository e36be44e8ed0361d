import { childStep, type ManifestObject, type Step } from './manifestObjects.ts';
import { isNull } from './nodeValues.ts';
import type { ParsedDocument } from './parseDocument.ts';
import type { TemplatePlace } from './templateKinds.ts';
import { everyChild, type PathStep } from './templatePath.ts';
import { resolved, type CollectionNode, type MapNode, type Node, type ScalarNode } from './yaml/nodes.ts';

/** A pod template of an object, or the place of an absent one. */
export interface FoundTemplate {
  readonly place: TemplatePlace;
  readonly path: readonly (string | number)[];
  /** The nodes from the document's root to the pod template, including both. */
  readonly trail: readonly Step[];
  /** Undefined when the object has none. */
  readonly node: MapNode | undefined;
}

/**
 * The pod templates of an object, each one once, even if several paths lead to it.
 * @throws MANIFEST_INVALID if a value on the path has another type
 */
export function templatesOf(object: ManifestObject, places: readonly TemplatePlace[]): FoundTemplate[] {
  const found: FoundTemplate[] = [];
  const seen = new Set<MapNode>();
  for (const place of places) {
    const here = follow(object, place.path);
    if (here.length === 0) found.push({ place, path: [], trail: object.trail, node: undefined });
    for (const { path, trail, value } of here) {
      const node = asMap(object.document, value, path);
      if (!seen.has(node)) found.push({ place, path, trail, node });
      seen.add(node);
    }
  }
  return found;
}

/** A node on the way to a pod template. */
interface Reached {
  readonly path: readonly (string | number)[];
  readonly trail: readonly Step[];
  readonly value: ScalarNode | CollectionNode;
}

/** The nodes to which a path leads; none if a key is absent or null. */
function follow({ document, node, trail }: ManifestObject, path: readonly PathStep[]): Reached[] {
  let reached: Reached[] = [{ path: [], trail, value: node }];
  for (const step of path) reached = reached.flatMap((from) => childrenAt(document, from, step));
  return reached;
}

function childrenAt(document: ParsedDocument, { path, trail, value }: Reached, step: PathStep): Reached[] {
  const children: (readonly [string | number, Step | undefined])[] = [];
  if (step === everyChild) children.push(...everyChildOf(document, value, path));
  else if (typeof step === 'string') children.push([step, childStep(document, asMap(document, value, path), step)]);
  else children.push([step, itemStep(asList(document, value, path)[step])]);
  return children.flatMap(([key, child]) =>
    child === undefined || isNull(child.node)
      ? []
      : [{ path: [...path, key], trail: [...trail, child], value: resolved(child.node) }],
  );
}

function everyChildOf(
  document: ParsedDocument,
  value: Reached['value'],
  path: Reached['path'],
): [string | number, Step | undefined][] {
  if (value.kind === 'map')
    return [...document.values.entries(value).keys()].map((key) => [key, childStep(document, value, key)]);
  return asList(document, value, path).map((item, index) => [index, itemStep(item)]);
}

function itemStep(node: Node | undefined): Step | undefined {
  return node && { node };
}

function asMap({ fail }: ParsedDocument, value: Reached['value'], path: Reached['path']): MapNode {
  if (value.kind === 'map') return value;
  throw fail('MANIFEST_INVALID', value.start, `${String(path.at(-1))} must be a mapping`);
}

function asList({ fail }: ParsedDocument, value: Reached['value'], path: Reached['path']): readonly Node[] {
  if (value.kind === 'sequence') return value.items;
  throw fail('MANIFEST_INVALID', value.start, `${String(path.at(-1))} must be a list`);
}

/** The mapping of a key; undefined if it is null or absent. @throws MANIFEST_INVALID if it is something else */
export function mapField(document: ParsedDocument, map: MapNode, key: string): MapNode | undefined {
  const step = childStep(document, map, key);
  if (step === undefined || isNull(step.node)) return undefined;
  const value = resolved(step.node);
  if (value.kind !== 'map') throw document.fail('MANIFEST_INVALID', step.node.start, `${key} must be a mapping`);
  return value;
}
