import type { Addition } from '../../inject/index.ts';
import { insertAsValue, insertAtEnd, insertAtTop } from './blockInsertion.ts';
import type { Insertion } from './edits.ts';
import { insertFirst, insertLast } from './flowInsertion.ts';
import { insertInFront } from './frontText.ts';
import { childStep } from './manifestObjects.ts';
import { isNull } from './nodeValues.ts';
import type { ParsedDocument } from './parseDocument.ts';
import type { BlockStyle, RenderBlock } from './renderBlock.ts';
import { refuseShared } from './shared.ts';
import { blockStyle } from './style.ts';
import { column } from './text.ts';
import type { Workload } from './workloads.ts';
import { resolved, type MapNode, type SequenceNode } from './yaml/nodes.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The document that is changed, and its style. */
interface Pen {
  readonly document: ParsedDocument;
  readonly style: BlockStyle;
  readonly render: RenderBlock;
}

/**
 * The insertions that add the sidecar to the pod template of a workload.
 * @throws YAML_UNSUPPORTED if the text to change is used elsewhere too, or has no place for it
 */
export function additionInsertions(workload: Workload, addition: Addition, render: RenderBlock): Insertion[] {
  const { document, trail, template } = workload;
  const spec = template && childStep(document, template.node, 'spec');
  if (template === undefined || spec === undefined) return [];
  for (const step of [...trail, spec]) refuseShared(document, step);
  const pen: Pen = { document, style: blockStyle(workload), render };
  const { annotations, inFront = {} } = addition;
  return [
    ...Object.entries(inFront).flatMap(([key, text]) => {
      const map = annotationsOf(document, template.node);
      return map === undefined ? [] : insertInFront(document, map, key, text);
    }),
    ...(Object.keys(annotations).length === 0
      ? []
      : addFields(pen, template.node, ['metadata', 'annotations'], annotations)),
    ...addLists(pen, resolved(spec.node) as MapNode, addition),
  ];
}

/**
 * The mapping of a pod template's annotations, if there is one.
 * @throws YAML_UNSUPPORTED if it is used elsewhere too
 */
export function annotationsOf(document: ParsedDocument, template: MapNode): MapNode | undefined {
  let map: MapNode = template;
  for (const key of ['metadata', 'annotations']) {
    const step = childStep(document, map, key);
    const value = step && resolved(step.node);
    if (step === undefined || value?.kind !== 'map') return undefined;
    refuseShared(document, step);
    map = value;
  }
  return map;
}

/** Adds fields to the mapping at the end of a path of keys, and adds keys that are absent. */
function addFields(pen: Pen, map: MapNode, [key, ...rest]: readonly string[], fields: Fields): Insertion[] {
  if (key === undefined) return [addPairs(pen, map, fields)];
  const step = childStep(pen.document, map, key);
  const value = rest.reduceRight<unknown>((inner, name) => ({ [name]: inner }), fields);
  if (step === undefined) return [addPairs(pen, map, { [key]: value })];
  refuseShared(pen.document, step);
  return isNull(step.node)
    ? fillNull(pen, map, key, value)
    : addFields(pen, resolved(step.node) as MapNode, rest, fields);
}

function addLists(pen: Pen, spec: MapNode, addition: Addition): Insertion[] {
  const absent: Record<string, unknown> = {};
  const insertions: Insertion[] = [];
  for (const key of ['initContainers', 'volumes', 'containers'] as const) {
    const items = addition[key];
    if (items.length === 0) continue;
    const step = childStep(pen.document, spec, key);
    if (step === undefined) {
      absent[key] = items;
      continue;
    }
    refuseShared(pen.document, step);
    if (isNull(step.node)) insertions.push(...fillNull(pen, spec, key, items));
    else
      insertions.push(
        addItems(pen, resolved(step.node) as SequenceNode, items, key === 'initContainers' ? 'first' : 'last'),
      );
  }
  return Object.keys(absent).length === 0 ? insertions : [addPairs(pen, spec, absent), ...insertions];
}

function addPairs(pen: Pen, map: MapNode, fields: Fields): Insertion {
  const { source, root } = pen.document;
  const pairs = Object.entries(fields);
  if (map.flow)
    return insertFirst(source, map, (write) => pairs.map(([key, value]) => `${JSON.stringify(key)}: ${write(value)}`));
  const lines = pairs.flatMap(([key, value]) => pairLines(pen, key, value));
  return insertAtTop(source, map, lines, map === resolved(root));
}

function pairLines({ style, render }: Pen, key: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) return render({ [key]: value }, style);
  return [`${key}:`, ...render(value, style).map((line) => ' '.repeat(style.sequenceOffset) + line)];
}

function addItems(
  { document, style, render }: Pen,
  sequence: SequenceNode,
  items: readonly unknown[],
  where: 'first' | 'last',
): Insertion {
  const { source } = document;
  if (sequence.flow)
    return (where === 'first' ? insertFirst : insertLast)(source, sequence, (write) => items.map(write));
  const lines = render(items, style);
  return where === 'first' ? insertAtTop(source, sequence, lines, false) : insertAtEnd(source, sequence, lines);
}

/** Gives a value to a key that has none. */
function fillNull({ document, style, render }: Pen, map: MapNode, key: string, value: unknown): Insertion[] {
  const { source, values, fail } = document;
  const pair = values.entries(map).get(key)?.pair;
  if (pair === undefined) return [];
  const indent = column(source, map.start) + (Array.isArray(value) ? style.sequenceOffset : style.step);
  const insertions = map.flow ? undefined : insertAsValue(source, pair, indent, render(value, style));
  if (insertions !== undefined) return insertions;
  throw fail(
    'YAML_UNSUPPORTED',
    pair.key.start,
    `${key} is null in a way that leaves no room for a value`,
    `Take ${key} out, or give it a value; nothing was written.`,
  );
}
