import { asksForResources } from '../../inject/podResources.ts';
import type { CustomSidecarConfig } from '../../sidecar/index.ts';
import { cel, celOf } from './cel.ts';
import type { PolicyExpressions } from './expressions.ts';
import { condition, fitConditions, lacksNames, optInConditions } from './matching.ts';
import { add, parent } from './patchCel.ts';
import { leavesHugePages, podResources, summedLimits } from './resourcesCel.ts';

/**
 * The expressions for a custom sidecar. They contain it as a literal, so they change with it. A pod with a container or
 * volume of the same name is left alone, whether it is equal or not.
 */
export function customSidecarExpressions({
  containers,
  initContainers,
  volumes,
}: CustomSidecarConfig): PolicyExpressions {
  const names = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name);
  const lists = { volumes, initContainers, containers };
  const asks = [...containers, ...initContainers].some(({ resources }) => asksForResources(resources));
  return {
    matchConditions: [
      ...optInConditions,
      ...fitConditions,
      condition('name_collision', lacksNames(names([...containers, ...initContainers]), names(volumes))),
      condition(
        'pod_resources',
        asks ? `!${podResources}` : `!${podResources} || !${leavesHugePages} && size(${summedLimits}) == 0`,
      ),
    ],
    variables: Object.entries(lists).map(([name, items]) => ({
      name,
      expression: celOf(items.map((item) => cel(`dyn(${celOf(item, '  ')})`))),
    })),
    mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: customPatch(lists) } }],
  };
}

/** The same order as in additionPatch: before the other init containers, and after other containers and volumes. */
function customPatch({ volumes, initContainers, containers }: Omit<CustomSidecarConfig, 'form'>): string {
  const inOrder = (list: string, items: readonly unknown[], place: 'first' | 'last'): string[] => {
    // Each one is put before the one that was added last, so the last one is added first.
    const indexes = place === 'first' ? items.map((_, index) => index).toReversed() : items.map((_, index) => index);
    if (items.length === 0) return [];
    return [
      parent(`object.spec.${list}`, ['spec', list], '[]'),
      `[${indexes.map((index) => add(list, place, `variables.${list}[${index}]`)).join(', ')}]`,
    ];
  };
  return [
    ...inOrder('volumes', volumes, 'last'),
    ...inOrder('initContainers', initContainers, 'first'),
    ...inOrder('containers', containers, 'last'),
  ].join('\n+ ');
}
