import { resolved, type MapNode } from './nodes.ts';
import type { BlockStyle } from './render.ts';
import { column, type Source } from './text.ts';
import type { Workload } from './workload.ts';

/** For a document that shows no indentation: a pod without block mappings below its own. */
const defaultStep = 2;

/** How the pod template of a workload is written; the innermost mappings tell. */
export function blockStyle({ document: { source, values }, trail, template }: Workload): BlockStyle {
  const around = trail.map(({ node }) => resolved(node)).filter((node) => node.kind === 'map');
  const spec = template && childMap(template.node, 'spec');
  const containers = spec && values.entries(spec).get('containers')?.pair.value;
  const step = stepOf(source, spec === undefined ? around : [...around, spec]);
  if (spec === undefined || containers?.kind !== 'sequence' || containers.flow || spec.flow)
    return { step, sequenceOffset: step };
  return { step, sequenceOffset: Math.max(0, column(source, containers.start) - column(source, spec.start)) };

  function childMap(map: MapNode, key: string): MapNode | undefined {
    const node = values.entries(map).get(key)?.pair.value;
    return node?.kind === 'map' ? node : undefined;
  }
}

function stepOf(source: Source, maps: readonly MapNode[]): number {
  const columns = maps.filter(({ flow }) => !flow).map(({ start }) => column(source, start));
  for (let index = columns.length - 1; index > 0; index -= 1) {
    const step = (columns[index] ?? 0) - (columns[index - 1] ?? 0);
    if (step > 0) return step;
  }
  return defaultStep;
}
