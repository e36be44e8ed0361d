import { templatePath } from '../inject/index.ts';
import type { PodTemplate } from '../sidecar/index.ts';
import { resolved, type MapNode } from './nodes.ts';
import { childStep, objectsOf, type ManifestObject, type Step } from './objects.ts';
import type { ParsedDocument } from './parse.ts';
import { lineNumber } from './text.ts';
import { isNull } from './values.ts';

/** An object with a pod template. */
export interface Workload {
  readonly document: ParsedDocument;
  readonly kind: string;
  readonly name: string;
  /** What the manifest says, if it does. */
  readonly namespace: string | undefined;
  /** Of the object, from 1. */
  readonly line: number;
  /** From the document's root to the pod template, both included. */
  readonly trail: readonly Step[];
  /** Undefined when the object has none. */
  readonly template: { readonly node: MapNode; readonly value: PodTemplate } | undefined;
}

/**
 * The workloads of a document.
 * @throws MANIFEST_INVALID for fields of a wrong type, YAML_INVALID
 */
export function workloadsOf(document: ParsedDocument): Workload[] {
  return objectsOf(document).flatMap((object) => {
    const path = templatePath(object.apiVersion, object.kind);
    return path === undefined ? [] : [workloadAt(object, path)];
  });
}

function workloadAt(object: ManifestObject, path: readonly string[]): Workload {
  const { document, kind, node } = object;
  const metadata = mapField(document, node, 'metadata');
  const text = (key: string): string | undefined => {
    const step = metadata && childStep(document, metadata, key);
    return step === undefined || isNull(step.node) ? undefined : String(document.values.of(step.node));
  };
  const trail = [...object.trail];
  let template: MapNode | undefined = node;
  for (const key of path) {
    const step: Step | undefined = childStep(document, template, key);
    template = mapField(document, template, key);
    if (step === undefined || template === undefined) break;
    trail.push(step);
  }
  return {
    document,
    kind,
    name: text('name') ?? text('generateName') ?? '',
    namespace: text('namespace'),
    line: lineNumber(document.source, node.start),
    trail,
    template: template && { node: template, value: templateValue(document, template) },
  };
}

/** The pod template, once its fields are known to be of the types that planning relies on. */
function templateValue(document: ParsedDocument, node: MapNode): PodTemplate {
  const metadata = mapField(document, node, 'metadata');
  if (metadata !== undefined) mapField(document, metadata, 'annotations');
  const spec = mapField(document, node, 'spec');
  if (spec !== undefined) for (const key of ['containers', 'initContainers', 'volumes']) checkList(document, spec, key);
  return document.values.of(node) as PodTemplate;
}

/** A field that is a mapping, null or not there. */
function mapField(document: ParsedDocument, map: MapNode, key: string): MapNode | undefined {
  const step = childStep(document, map, key);
  if (step === undefined || isNull(step.node)) return undefined;
  const value = resolved(step.node);
  if (value.kind !== 'map') throw document.fail('MANIFEST_INVALID', step.node.start, `${key} must be a mapping`);
  return value;
}

function checkList(document: ParsedDocument, map: MapNode, key: string): void {
  const step = childStep(document, map, key);
  if (step === undefined || isNull(step.node)) return;
  const value = resolved(step.node);
  if (value.kind !== 'sequence') throw document.fail('MANIFEST_INVALID', step.node.start, `${key} must be a list`);
  const odd = value.items.find((item) => resolved(item).kind !== 'map');
  if (odd !== undefined) throw document.fail('MANIFEST_INVALID', odd.start, `each of the ${key} must be a mapping`);
}
