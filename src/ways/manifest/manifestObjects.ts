import { groupOf } from '../../kubernetes/api/kinds.ts';
import { isNull, scalarValue } from './nodeValues.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { knownKinds, type Kinds } from './templateKinds.ts';
import { resolved, type MapNode, type Node } from './yaml/nodes.ts';

/** A node on the way from a document's root, and how it was reached. */
export interface Step {
  /** As it stands in the text: may be an alias. */
  readonly node: Node;
  /** Offset of the key when it was merged in from another mapping. */
  readonly mergedAt?: number;
}

interface TypeMeta {
  readonly apiVersion: string | undefined;
  readonly kind: string;
}

/** A Kubernetes object of a kind that matters here. */
export interface ManifestObject {
  readonly document: ParsedDocument;
  readonly apiVersion: string;
  readonly kind: string;
  readonly node: MapNode;
  /** From the document's root to the object, both included. */
  readonly trail: readonly Step[];
}

/**
 * The workloads and namespaces of a document, those of lists too. Of anything else only the syntax was looked at.
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
  // Finds duplicate keys, wherever they are.
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
    // A kind of somebody's own may end in List, too.
    if (kind !== 'List') return [];
    throw document.fail('MANIFEST_INVALID', items.node.start, 'the items of a List must be a list');
  }
  // The items of a typed list, say a DeploymentList, need not say what they are.
  const itemType = kind === 'List' ? undefined : { apiVersion, kind: kind.slice(0, -'List'.length) };
  return list.items.flatMap((item) => objectsAt(reading, { node: item }, [...trail, items], itemType));
}

/** The objects that OpenShift makes of a Template, `${PARAMETER}` and all. */
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

/** True for a mapping that says of itself that it is of another kind: it is passed on without a further look. */
function isForeign(map: MapNode, kinds: Kinds): boolean {
  const kind = ownField(map, 'kind');
  if (kind === undefined) return ownField(map, 'metadata') === undefined && ownField(map, '<<') === undefined;
  if (kind.kind !== 'scalar' || typeof scalarValue(kind) !== 'string') return false;
  if (!matters(kind.text, kinds)) return true;
  if (kind.text === 'Namespace' || kind.text.endsWith('List') || !kinds.inOneGroup(kind.text)) return false;
  // Of the name of a kind of our own, as a core Service is of that of a Knative Service.
  const apiVersion = ownField(map, 'apiVersion');
  if (apiVersion === undefined) return ownField(map, '<<') === undefined;
  return apiVersion.kind === 'scalar' && !isKnown(apiVersion.text, kind.text, kinds);
}

const templateGroups: readonly string[] = ['', 'template.openshift.io'];

function isKnown(apiVersion: string, kind: string, kinds: Kinds): boolean {
  if (kind === 'Template') return templateGroups.includes(groupOf(apiVersion));
  return kinds.places(apiVersion, kind).length > 0;
}

/** The value of a key that stands in the mapping itself; nothing else of it is looked at. */
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
