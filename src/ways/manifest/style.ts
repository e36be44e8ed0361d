import type { ParsedDocument } from './parseDocument.ts';
import type { BlockStyle } from './renderBlock.ts';
import { column, type Source } from './text.ts';
import type { Workload } from './workloads.ts';
import { resolved, type CollectionNode, type MapNode } from './yaml/nodes.ts';

/** The style of a document without any indentation: a pod without nested block mappings. */
const defaultStep = 2;

/** The style of a pod template, which follows from its innermost mappings. */
export function blockStyle({ document, trail, template }: Workload): BlockStyle {
  const { source } = document;
  const spec = template && blockValue(document, template.node, 'spec');
  const maps = [...trail.map(({ node }) => resolved(node)), spec].filter((node) => node?.kind === 'map');
  const step = stepOf(source, maps);
  const containers = spec?.kind === 'map' ? blockValue(document, spec, 'containers') : undefined;
  if (spec === undefined || containers?.kind !== 'sequence') return { step, sequenceOffset: step };
  return { step, sequenceOffset: Math.max(0, column(source, containers.start) - column(source, spec.start)) };
}

/** The value of a key if it is a block collection. */
function blockValue({ values }: ParsedDocument, map: MapNode, key: string): CollectionNode | undefined {
  const value = values.entries(map).get(key)?.pair.value;
  return value === undefined || value.kind === 'scalar' || value.kind === 'alias' || value.flow ? undefined : value;
}

function stepOf(source: Source, maps: readonly MapNode[]): number {
  const columns = maps.filter(({ flow }) => !flow).map(({ start }) => column(source, start));
  for (let index = columns.length - 1; index > 0; index -= 1) {
    const step = (columns[index] ?? 0) - (columns[index - 1] ?? 0);
    if (step > 0) return step;
  }
  return defaultStep;
}
