import { selectorText } from '../../kubernetes/api/labels.ts';
import { isTerminating } from '../../kubernetes/api/pods.ts';
import { templateAt, type WorkloadObject } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { readPages } from '../../kubernetes/pages.ts';
import { rolloutProgress } from '../../kubernetes/rolloutProgress.ts';
import { statusAnnotation } from '../../settings/index.ts';
import { shell } from '../../shell.ts';
import type { Intent } from '../helm/releaseValues.ts';
import { readTargets } from '../plan/clusterFacts.ts';

/** The state of a workload of `targets`; plain data, for people and for `-o json`. */
export interface WorkloadState {
  readonly kind: string;
  readonly name: string;
  /** Whether its pod template has the annotation. */
  readonly optedIn: boolean;
  /** Living pods, and how many of them have the sidecar. */
  readonly pods: number;
  readonly injectedPods: number;
  /** The state of its rollout: `1 of 1 pod updated, 1 available`. */
  readonly rollout: string;
}

/** What is opted in of a target now; plain data, for people and for `-o json`. */
export interface TargetState {
  readonly namespace: string;
  /** Whether the namespace has the label. */
  readonly optedIn: boolean;
  readonly workloads: readonly WorkloadState[];
}

/** Reads the state of all targets. @throws as Kubectl */
export async function readTargetStates(kubectl: Kubectl, intent: Intent): Promise<TargetState[]> {
  const targets = await readTargets(kubectl, intent.targets);
  return Promise.all(
    targets.map(async ({ target, namespace, workloads }) => ({
      namespace: target.namespace,
      optedIn: namespace?.labels[intent.namespaceLabel] === 'enabled',
      workloads: await Promise.all(
        (workloads ?? []).map(async (object) => workloadState(kubectl, object, target.namespace, intent.annotation)),
      ),
    })),
  );
}

async function workloadState(
  kubectl: Kubectl,
  object: WorkloadObject,
  namespace: string,
  annotation: string,
): Promise<WorkloadState> {
  const selector = selectorText(object.spec?.selector ?? {});
  const request = { kind: 'pods', namespace, labelSelector: selector } as const;
  const living = await readPages(kubectl, request, ({ metadata }) =>
    isTerminating({ metadata }) ? undefined : { injected: metadata.annotations?.[statusAnnotation] !== undefined },
  );
  return {
    kind: object.kind,
    name: object.metadata.name,
    optedIn: templateAt(object, ['spec', 'template']).metadata?.annotations?.[annotation] === 'true',
    pods: living.length,
    injectedPods: living.filter(({ injected }) => injected).length,
    rollout: rolloutProgress(object).text,
  };
}

/** The kubectl lines that opt these targets in; with `undo`, those that opt them out. */
export function kubectlLines({ targets, namespaceLabel, annotation }: Intent, undo = false): string[] {
  return targets.flatMap((target) => {
    const workloads = (['deployments', 'statefulSets', 'daemonSets'] as const).flatMap((list) =>
      target[list].map((name) => {
        const value = undo ? null : 'true';
        const patch = JSON.stringify({ spec: { template: { metadata: { annotations: { [annotation]: value } } } } });
        return shell`kubectl patch ${`${list.toLowerCase()}/${name}`} --namespace ${target.namespace} --patch ${patch}`;
      }),
    );
    const label = shell`kubectl label namespace ${target.namespace} ${`${namespaceLabel}${undo ? '-' : '=enabled'}`}`;
    return undo ? [...workloads, label] : [label, ...workloads];
  });
}
