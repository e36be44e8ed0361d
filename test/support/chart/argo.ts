import { loadAll } from 'js-yaml';
import { expect } from 'vitest';
import { helmTemplate, type HelmMajor, type KubernetesObject } from './helm.ts';

/**
 * What Argo CD does with the chart, from its source (v3.2.12, v3.3.0, v3.3.5, v3.5.1): the arguments of
 * `helm template` in util/helm/cmd.go, hooks in gitops-engine/pkg/sync/hook/helm and controller/hook.go, which of them
 * a sync sees in controller/state.go, and the order in gitops-engine/pkg/sync/sync_tasks.go.
 */
export type ArgoVersion = keyof typeof behaviours;

interface Behaviour {
  /** Whether it runs `pre-delete` hooks when the Application is deleted. */
  readonly runsPreDelete: boolean;
  /** Whether an object with `pre-delete` among other events is left out of every sync. */
  readonly leavesMixedOut: boolean;
}

const behaviours = {
  'before 3.3': { runsPreDelete: false, leavesMixedOut: false },
  '3.3.0 to 3.3.4': { runsPreDelete: true, leavesMixedOut: true },
  '3.3.5 and later': { runsPreDelete: true, leavesMixedOut: false },
} as const satisfies Readonly<Record<string, Behaviour>>;

export type ArgoPhase = 'PreSync' | 'Sync' | 'PostSync' | 'PreDelete';

const phaseOrder: readonly ArgoPhase[] = ['PreSync', 'Sync', 'PostSync', 'PreDelete'];

/** Events that have no phase: rollbacks and tests. */
const phaseOfEvent: Readonly<Record<string, ArgoPhase>> = {
  'pre-install': 'PreSync',
  'pre-upgrade': 'PreSync',
  'post-install': 'PostSync',
  'post-upgrade': 'PostSync',
};

/** Kinds in the order in which they are applied; the others follow. Of Argo CD's list, those that the chart has. */
const kindOrder = [
  'NetworkPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
  'Pod',
  'Deployment',
  'HorizontalPodAutoscaler',
  'Job',
];

/** What it passes of a cluster of Kubernetes 1.37, shortened to what a template could ask for. */
const apiVersions = [
  'admissionregistration.k8s.io/v1',
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy',
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration',
  'apiregistration.k8s.io/v1',
  'apiregistration.k8s.io/v1/APIService',
  'apps/v1',
  'apps/v1/Deployment',
  'v1',
  'v1/Pod',
];

/** `helm template` as Argo CD calls it; its standard output, byte for byte. */
export async function argoTemplate(values: unknown, major: HelmMajor = 4): Promise<string> {
  const flags = [...apiVersions.flatMap((version) => ['--api-versions', version]), '--include-crds'];
  const { exitCode, stdout, stderr } = await helmTemplate(values, { major, flags });
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** An object that is applied in a phase. An object with several hook events is in several. */
export interface ArgoTask {
  readonly phase: ArgoPhase;
  readonly wave: number;
  /** `Kind name` */
  readonly id: string;
  readonly object: KubernetesObject;
  /** The text that helm printed. */
  readonly text: string;
}

/** Everything that the version applies, in its order; what it ignores is absent. */
export function argoTasks(output: string, version: ArgoVersion): ArgoTask[] {
  return documents(output)
    .flatMap(({ object, text }) =>
      phasesOf(object, behaviours[version]).map((phase) => ({
        phase,
        wave: waveOf(object),
        id: `${object.kind} ${object.metadata.name}`,
        object,
        text,
      })),
    )
    .toSorted(compareTasks);
}

/** The objects of the output: `Kind namespace/name` -> text. */
export function argoObjects(output: string): ReadonlyMap<string, string> {
  return new Map(
    documents(output).map(({ object, text }) => [
      `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`,
      text,
    ]),
  );
}

function documents(output: string): { readonly object: KubernetesObject; readonly text: string }[] {
  return output.split(/^---\n/m).flatMap((text) =>
    (loadAll(text) as readonly (KubernetesObject | null)[]).flatMap((object) =>
      // Helm 3 and 4 put another number of line breaks behind an object.
      object === null ? [] : [{ object, text: text.trimEnd() }],
    ),
  );
}

function phasesOf(object: KubernetesObject, { runsPreDelete, leavesMixedOut }: Behaviour): readonly ArgoPhase[] {
  const hook = object.metadata.annotations?.['helm.sh/hook'];
  if (hook === undefined) return ['Sync'];
  const events = hook.split(',').map((event) => event.trim());
  const preDelete = events.includes('pre-delete');
  const phases = new Set(events.flatMap((event) => phaseOfEvent[event] ?? []));
  return [
    ...(leavesMixedOut && preDelete ? [] : phases),
    ...(runsPreDelete && preDelete ? ['PreDelete' as const] : []),
  ];
}

function waveOf({ metadata }: KubernetesObject): number {
  return Number(metadata.annotations?.['helm.sh/hook-weight'] ?? 0);
}

function compareTasks(one: ArgoTask, other: ArgoTask): number {
  return (
    phaseOrder.indexOf(one.phase) - phaseOrder.indexOf(other.phase) ||
    one.wave - other.wave ||
    kindRank(one.object.kind) - kindRank(other.object.kind) ||
    (one.object.metadata.name < other.object.metadata.name ? -1 : 1)
  );
}

function kindRank(kind: string): number {
  const rank = kindOrder.indexOf(kind);
  return rank === -1 ? kindOrder.length : rank;
}
