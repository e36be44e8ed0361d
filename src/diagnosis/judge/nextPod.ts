import { refusingSidecar, type PodDryRun } from '../../dryRun/index.ts';
import { planInjection, withAddition } from '../../inject/index.ts';
import type { Metadata, WorkloadObject, PodTemplate, Pod } from '../../kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../sidecar/index.ts';
import { templateOf, topOwner, type Owner } from '../read/podOwners.ts';
import type { ReleaseFacts } from '../read/releases.ts';
import { hasSidecar } from './agentOf.ts';
import type { Subject } from './conditions.ts';
import { levelFor } from './releasePodSecurity.ts';

type Asked = Pick<PodDryRun, 'object' | 'with' | 'without' | 'injected'>;

/**
 * The pods to ask for in a dry run: `with` is the pod as it is, already injected or left to the injector; `without`
 * refuses the sidecar. Pure.
 * @param template of a workload; undefined for a pod
 */
export function askedFor(
  subject: Subject,
  workload: WorkloadObject | undefined,
  facts: ReleaseFacts | undefined,
): Asked {
  const { pod, namespace, namespaceLabels } = subject;
  const object = workload ?? (pod as unknown as WorkloadObject);
  const template: PodTemplate =
    workload === undefined ? pod : (templateOf({ ...workload, name: workload.metadata.name, object: workload }) ?? pod);
  const config = facts?.sidecar ?? defaultSidecarConfig;
  const without = refusingSidecar(template, config, facts?.release.annotation);
  const asked = {
    object: object.kind === '' ? { ...object, apiVersion: 'v1', kind: 'Pod' } : object,
    with: template,
    without,
  };
  if (hasSidecar(template, config)) return asked;
  const podSecurity = levelFor(facts?.release, namespaceLabels);
  const plan = planInjection(template, { config, settings: {}, podSecurity, namespace, atAdmission: true });
  return { ...asked, injected: plan.inject ? withAddition(template, plan.addition) : undefined };
}

/** The pod that a workload's template makes. */
export function subjectOfTemplate(
  object: WorkloadObject,
  namespace: string,
  namespaceLabels: Subject['namespaceLabels'],
  above: readonly Owner[] = [],
): Subject {
  const { apiVersion, kind, metadata } = object;
  const self: Owner = { apiVersion, kind, name: metadata.name, object };
  const template = templateOf(self);
  const pod: Pod = {
    ...template,
    metadata: { ...(template?.metadata as Partial<Metadata> | undefined), name: metadata.name, namespace },
  };
  return { pod, namespace, namespaceLabels, owners: [self, ...above] };
}

/** The workload whose template makes the next pod; undefined when the next pod is like this one. */
export function makerOf(
  subject: Subject,
  workload: WorkloadObject | undefined,
  olderTemplate: boolean,
): WorkloadObject | undefined {
  if (workload !== undefined) return workload;
  const owner = olderTemplate ? topOwner(subject.owners) : undefined;
  return owner === undefined || templateOf(owner) === undefined ? undefined : owner.object;
}
