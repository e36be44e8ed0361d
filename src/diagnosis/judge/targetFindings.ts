import { objectName, templateAt, type WorkloadObject, type Namespace } from '../../kubernetes/api/types.ts';
import type { TargetRecord } from '../../release/hooks/record.ts';
import type { TargetObject } from '../../release/hooks/targetObject.ts';
import type { Inventory } from '../read/inventory.ts';
import type { ReleaseState } from '../read/releaseState.ts';
import { finding, type Finding } from './checkFindings.ts';

/**
 * Finds objects that the hook of a release opted in and that are not opted in any more: they were deleted and created
 * again, or somebody removed the label or annotation. Objects that do not exist are left out. Pure.
 */
export function targetFindings(states: readonly ReleaseState[], { namespaces, workloads }: Inventory): Finding[] {
  return states.flatMap(({ release, record }) => {
    if (record === undefined) return [];
    const by = `release ${release.object}`;
    return record.objects.flatMap((target) => {
      if (target.kind === 'Namespace') return namespaceFinding(target, record, namespaces ?? [], by);
      return workloadFinding(target, record, workloads ?? [], by);
    });
  });
}

function namespaceFinding(
  { name }: TargetObject,
  { keys }: TargetRecord,
  namespaces: readonly Namespace[],
  by: string,
): Finding[] {
  const found = namespaces.find(({ metadata }) => metadata.name === name);
  const key = keys.namespaceLabel;
  if (found === undefined || found.metadata.labels?.[key] !== undefined) return [];
  return [finding('target_not_opted_in', `namespace ${name}`, `${by} opted it in, but it has no label ${key}`)];
}

function workloadFinding(
  target: TargetObject,
  { keys }: TargetRecord,
  workloads: readonly WorkloadObject[],
  by: string,
): Finding[] {
  const found = workloads.find(
    ({ kind, metadata }) =>
      kind === target.kind && metadata.name === target.name && metadata.namespace === target.namespace,
  );
  const key = keys.annotation;
  if (found === undefined || templateAt(found, ['spec', 'template']).metadata?.annotations?.[key] !== undefined)
    return [];
  return [
    finding(
      'target_not_opted_in',
      `${objectName(found)} in ${target.namespace}`,
      `${by} opted it in, but its pod template has no annotation ${key}`,
    ),
  ];
}
