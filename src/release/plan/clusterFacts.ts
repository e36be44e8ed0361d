import type { Metadata, WorkloadObject } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readSome, unlessForbidden } from '../../kubernetes/reading.ts';
import type { ReleaseHistory } from '../helm/release.ts';
import type { InjectionWay, Intent, Target } from '../helm/releaseValues.ts';
import type { WebhookService } from '../helm/renderedChart.ts';
import type { ManifestObject } from '../helm/renderedObjects.ts';
import type { ApiResource } from './apiResources.ts';
import type { Right } from './installerRights.ts';

/** The input of the preflight, which is read first, so that the preflight is pure. */
export interface Facts {
  readonly release: string;
  readonly namespace: string;
  /** Name of the chart to install. */
  readonly chart: string;
  readonly history: ReleaseHistory | undefined;
  /** The namespace of the release; undefined when it does not exist yet. */
  readonly releaseNamespace: NamespaceFacts | undefined;
  /** The namespace of {@link Facts.service}, which the values may override. */
  readonly objectsNamespace: NamespaceFacts | undefined;
  readonly service: WebhookService;
  /** The objects of the chart with these values. */
  readonly objects: readonly ManifestObject[];
  readonly resources: readonly ApiResource[];
  readonly intent: Intent;
  /** The way of the running release. */
  readonly wayBefore?: InjectionWay;
  /** Undefined when the cluster did not answer. */
  readonly refused: readonly Right[] | undefined;
  readonly targets: readonly TargetFacts[];
}

/** A namespace as it is before the change. */
export interface NamespaceFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly terminating: boolean;
}

/** A target of the values, and what exists of it; `namespace` is undefined when it does not exist. */
export interface TargetFacts {
  readonly target: Target;
  readonly namespace: NamespaceFacts | undefined;
  /** Undefined when they may not be read. */
  readonly workloads: readonly WorkloadObject[] | undefined;
}

/**
 * Reads a namespace; undefined when it does not exist. One that may not be read counts as existing, without labels.
 * @throws as Kubectl
 */
export async function readNamespace(kubectl: Kubectl, name: string): Promise<NamespaceFacts | undefined> {
  const objects = await unlessForbidden(async () =>
    readSome<{ readonly metadata: Metadata }>(kubectl, ['get', 'namespaces', name]),
  );
  if (objects === undefined) return { name, labels: {}, terminating: false };
  const [object] = objects;
  if (object === undefined) return undefined;
  const { labels = {}, deletionTimestamp } = object.metadata;
  return { name, labels, terminating: deletionTimestamp !== undefined };
}

/** Reads the targets. @throws as Kubectl */
export async function readTargets(kubectl: Kubectl, targets: readonly Target[]): Promise<TargetFacts[]> {
  const read = async (target: Target): Promise<TargetFacts> => {
    const namespace = await readNamespace(kubectl, target.namespace);
    const workloads = namespace === undefined ? [] : await unlessForbidden(async () => readWorkloads(kubectl, target));
    return { target, namespace, workloads };
  };
  return Promise.all(targets.map(read));
}

/** Kind and resource of the lists of a target. */
export const workloadLists = [
  ['deployments', 'Deployment'],
  ['statefulSets', 'StatefulSet'],
  ['daemonSets', 'DaemonSet'],
] as const;

async function readWorkloads(kubectl: Kubectl, target: Target): Promise<WorkloadObject[]> {
  const names = workloadLists.flatMap(([list, kind]) =>
    target[list].map((name) => `${kind.toLowerCase()}s.apps/${name}`),
  );
  if (names.length === 0) return [];
  return readSome(kubectl, ['get', ...names, '--namespace', target.namespace, '--show-managed-fields']);
}
