import { groupOf } from '../../kubernetes/api/kinds.ts';
import { isNull, scalarValue } from './nodeValues.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { knownKinds, type Kinds } from './templateKinds.ts';
import { resolved, type MapNode, type Node } from './yaml/nodes.ts';

/** A node on the way from a document's root, and how it was reached. */
export interface Step {
  /** As it is written: may be an alias. */
  readonly node: Node;
  /** Offset of the key when it was merged in from another mapping. */
  readonly mergedAt?: number;
}

interface TypeMeta {
  readonly apiVersion: string | undefined;
  readonly kind: string;
}

/** A Kubernetes object: a workload or a namespace. */
export interface ManifestObject {
  readonly document: ParsedDocument;
  readonly apiVersion: string;
  readonly kind: string;
  readonly node: MapNode;
  /** The nodes from the document's root to the object, including both. */
  readonly trail: readonly Step[];
}

/**
 * The workloads and namespaces of a document, also those in lists. Of all other objects only the syntax is checked.
 * @throws MANIFEST_INVALID, YAML_INVALID
 */
export function objectsOf(document: ParsedDocument, kinds: Kinds = knownKinds): ManifestObject[] {
  return objectsAt({ document, kinds }, { node: document.root }, [], undefined);
}

interface Reading {
  readonly document: ParsedDocument;
  readonly kinds: Kinds;
}

function objectsAt(
  reading: Reading,
  step: Step,
  parents: readonly Step[],
  inherited: TypeMeta | undefined,
): ManifestObject[] {
  const { document, kinds } = reading;
  const node = resolved(step.node);
  if (node.kind !== 'map' || isForeign(node, kinds)) return [];
  const kind = stringField(document, node, 'kind') ?? inherited?.kind;
  if (kind === undefined || !matters(kind, kinds)) return [];
  const apiVersion = stringField(document, node, 'apiVersion') ?? inherited?.apiVersion;
  const trail = [...parents, step];
  if (kind.endsWith('List')) return listedObjects(reading, node, { apiVersion, kind }, trail);
  if (kind === 'Template') return templateObjects(reading, node, trail);
  if (apiVersion === undefined) throw document.fail('MANIFEST_INVALID', node.start, `this ${kind} has no apiVersion`);
  // Finds duplicate keys at all levels.
  document.values.of(node);
  return [{ document, apiVersion, kind, node, trail }];
}

function listedObjects(
  reading: Reading,
  node: MapNode,
  { apiVersion, kind }: TypeMeta,
  trail: readonly Step[],
): ManifestObject[] {
  const { document } = reading;
  const items = childStep(document, node, 'items');
  if (items === undefined || isNull(items.node)) return [];
  const list = resolved(items.node);
  if (list.kind !== 'sequence') {
    // The name of a custom kind may end in List too.
    if (kind !== 'List') return [];
    throw document.fail('MANIFEST_INVALID', items.node.start, 'the items of a List must be a list');
  }
  // The items of a typed list, for example a DeploymentList, need no kind and apiVersion.
  const itemType = kind === 'List' ? undefined : { apiVersion, kind: kind.slice(0, -'List'.length) };
  return list.items.flatMap((item) => objectsAt(reading, { node: item }, [...trail, items], itemType));
}

/** The objects of an OpenShift Template, with its `${PARAMETER}`s. */
function templateObjects(reading: Reading, node: MapNode, trail: readonly Step[]): ManifestObject[] {
  const objects = childStep(reading.document, node, 'objects');
  const list = objects && resolved(objects.node);
  if (objects === undefined || list?.kind !== 'sequence') return [];
  return list.items.flatMap((item) => objectsAt(reading, { node: item }, [...trail, objects], undefined));
}

/** The value of a key as a step, or undefined when there is no such key. */
export function childStep({ values }: ParsedDocument, map: MapNode, key: string): Step | undefined {
  const entry = values.entries(map).get(key);
  if (entry === undefined) return undefined;
  return { node: entry.pair.value, ...(entry.owner === map ? {} : { mergedAt: entry.pair.key.start }) };
}

function matters(kind: string, kinds: Kinds): boolean {
  return kind === 'Namespace' || kind === 'Template' || kind.endsWith('List') || kinds.has(kind);
}

/** Whether a mapping is an object of another kind, which is not read further. */
function isForeign(map: MapNode, kinds: Kinds): boolean {
  const kind = ownField(map, 'kind');
  if (kind === undefined) return ownField(map, 'metadata') === undefined && ownField(map, '<<') === undefined;
  if (kind.kind !== 'scalar' || typeof scalarValue(kind) !== 'string') return false;
  if (!matters(kind.text, kinds)) return true;
  if (kind.text === 'Namespace' || kind.text.endsWith('List') || !kinds.inOneGroup(kind.text)) return false;
  // Another kind of the same name, as Service is in the core group and in Knative.
  const apiVersion = ownField(map, 'apiVersion');
  if (apiVersion === undefined) return ownField(map, '<<') === undefined;
  return apiVersion.kind === 'scalar' && !isKnown(apiVersion.text, kind.text, kinds);
}

const templateGroups: readonly string[] = ['', 'template.openshift.io'];

function isKnown(apiVersion: string, kind: string, kinds: Kinds): boolean {
  if (kind === 'Template') return templateGroups.includes(groupOf(apiVersion));
  return kinds.places(apiVersion, kind).length > 0;
}

/** The value of a key of the mapping itself, without merged keys. No other part is read. */
export function ownField({ pairs }: MapNode, key: string): Node | undefined {
  return pairs.find((pair) => pair.key.kind === 'scalar' && pair.key.text === key)?.value;
}

function stringField(document: ParsedDocument, map: MapNode, key: string): string | undefined {
  const step = childStep(document, map, key);
  if (step === undefined || isNull(step.node)) return undefined;
  const value = document.values.of(step.node);
  if (typeof value !== 'string') throw document.fail('MANIFEST_INVALID', step.node.start, `${key} must be a string`);
  return value;
}
