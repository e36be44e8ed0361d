import type { UncheckedLabels } from '../../kubernetes/api/labels.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { childStep, objectsOf, type ManifestObject, type Step } from './manifestObjects.ts';
import { isNull } from './nodeValues.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { knownKinds, type Kinds, type TemplatePlace } from './templateKinds.ts';
import { mapField, templatesOf } from './templates.ts';
import { lineNumber } from './text.ts';
import { resolved, type MapNode } from './yaml/nodes.ts';

/** An object with a pod template. */
export interface Workload {
  readonly document: ParsedDocument;
  readonly apiVersion: string;
  readonly kind: string;
  /** `metadata.name`, else `metadata.generateName`, else empty. */
  readonly name: string;
  /** False for a name that the API server will generate. */
  readonly named: boolean;
  readonly labels: UncheckedLabels;
  /** The place of the pod template in this kind. */
  readonly place: TemplatePlace;
  /** The path from the object to this pod template: keys, and indexes of lists. */
  readonly path: readonly (string | number)[];
  /** Whether the object has several pod templates. */
  readonly oneOfSeveral: boolean;
  /** The namespace in the manifest, if there is one. */
  readonly namespace: string | undefined;
  /** The offset of the object. */
  readonly start: number;
  /** The line of the object in its file, from 1. */
  readonly line: number;
  /** The nodes from the document's root to the pod template, including both. */
  readonly trail: readonly Step[];
  /** Undefined when the object has none. */
  readonly template: { readonly node: MapNode; readonly value: PodTemplate } | undefined;
}

/**
 * The workloads of a document: one for each pod template.
 * @throws MANIFEST_INVALID for fields of a wrong type, YAML_INVALID
 */
export function workloadsOf(document: ParsedDocument, kinds: Kinds = knownKinds): Workload[] {
  return objectsOf(document, kinds).flatMap((object) =>
    workloadsIn(object, kinds.places(object.apiVersion, object.kind)),
  );
}

function workloadsIn(object: ManifestObject, places: readonly TemplatePlace[]): Workload[] {
  const { document, apiVersion, kind, node } = object;
  if (places.length === 0) return [];
  const metadata = mapField(document, node, 'metadata');
  const text = (key: string): string | undefined => {
    const step = metadata && childStep(document, metadata, key);
    return step === undefined || isNull(step.node) ? undefined : String(document.values.of(step.node));
  };
  const found = templatesOf(object, places);
  return found.map(({ place, path, trail, node: template }) => ({
    document,
    apiVersion,
    kind,
    place,
    path,
    oneOfSeveral: found.length > 1,
    labels: metadata === undefined ? {} : labelsOf(document, metadata),
    named: text('name') !== undefined,
    name: text('name') ?? text('generateName') ?? '',
    namespace: text('namespace'),
    start: node.start,
    line: lineNumber(document.source, node.start),
    trail,
    template: template && { node: template, value: templateValue(document, template) },
  }));
}

function labelsOf(document: ParsedDocument, metadata: MapNode): UncheckedLabels {
  const step = childStep(document, metadata, 'labels');
  return step !== undefined && resolved(step.node).kind === 'map'
    ? (document.values.of(step.node) as UncheckedLabels)
    : {};
}

/** The pod template, after a check of the types on which the plan depends. */
function templateValue(document: ParsedDocument, node: MapNode): PodTemplate {
  const metadata = mapField(document, node, 'metadata');
  if (metadata !== undefined) mapField(document, metadata, 'annotations');
  const spec = mapField(document, node, 'spec');
  if (spec !== undefined) for (const key of ['containers', 'initContainers', 'volumes']) checkList(document, spec, key);
  return document.values.of(node) as PodTemplate;
}

function checkList(document: ParsedDocument, map: MapNode, key: string): void {
  const step = childStep(document, map, key);
  if (step === undefined || isNull(step.node)) return;
  const value = resolved(step.node);
  if (value.kind !== 'sequence') throw document.fail('MANIFEST_INVALID', step.node.start, `${key} must be a list`);
  const odd = value.items.find((item) => resolved(item).kind !== 'map');
  if (odd !== undefined) throw document.fail('MANIFEST_INVALID', odd.start, `each of the ${key} must be a mapping`);
}
