import type { Metadata, WorkloadObject } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readSome, unlessForbidden } from '../../kubernetes/reading.ts';
import type { ReleaseHistory } from '../helm/release.ts';
import type { InjectionWay, Intent, Target } from '../helm/releaseValues.ts';
import type { WebhookService } from '../helm/renderedChart.ts';
import type { ManifestObject } from '../helm/renderedObjects.ts';
import type { ApiResource } from './apiResources.ts';
import type { Right } from './installerRights.ts';

/** What the preflight judges: gathered first, so that judging is pure. */
export interface Facts {
  readonly release: string;
  readonly namespace: string;
  /** Name of the chart to install. */
  readonly chart: string;
  readonly history: ReleaseHistory | undefined;
  /** Undefined when it is not there yet. */
  readonly releaseNamespace: NamespaceFacts | undefined;
  /** The namespace of {@link Facts.service}: another one when the values override it. */
  readonly objectsNamespace: NamespaceFacts | undefined;
  readonly service: WebhookService;
  /** What the chart makes with these values. */
  readonly objects: readonly ManifestObject[];
  readonly resources: readonly ApiResource[];
  readonly intent: Intent;
  /** How the release that runs injects. */
  readonly wayBefore?: InjectionWay;
  /** Undefined when the cluster would not say. */
  readonly refused: readonly Right[] | undefined;
  readonly targets: readonly TargetFacts[];
}

export interface NamespaceFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly terminating: boolean;
}

export interface TargetFacts {
  readonly target: Target;
  readonly namespace: NamespaceFacts | undefined;
  /** Undefined when they may not be read. */
  readonly workloads: readonly WorkloadObject[] | undefined;
}

/** Undefined when it is not there; one that may not be read counts as there, without labels. @throws as Kubectl */
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

/** @throws as Kubectl */
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
