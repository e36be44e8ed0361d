/** The path of the pod template in each kind; the empty path is the object itself. */
const kinds: Readonly<Record<string, { readonly groups: readonly string[]; readonly path: readonly string[] }>> = {
  Pod: { groups: [''], path: [] },
  PodTemplate: { groups: [''], path: ['template'] },
  ReplicationController: { groups: [''], path: ['spec', 'template'] },
  Deployment: { groups: ['apps', 'extensions'], path: ['spec', 'template'] },
  ReplicaSet: { groups: ['apps', 'extensions'], path: ['spec', 'template'] },
  DaemonSet: { groups: ['apps', 'extensions'], path: ['spec', 'template'] },
  StatefulSet: { groups: ['apps'], path: ['spec', 'template'] },
  Job: { groups: ['batch'], path: ['spec', 'template'] },
  CronJob: { groups: ['batch'], path: ['spec', 'jobTemplate', 'spec', 'template'] },
};

/** The kinds that can be injected, as users name them. */
export const workloadKinds: readonly string[] = Object.keys(kinds);

/**
 * The keys from an object to its pod template: `[]` for a Pod, undefined for a kind that is not a workload. A kind of
 * the same name in another API group is not a workload.
 */
export function templatePath(apiVersion: string, kind: string): readonly string[] | undefined {
  const row = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  return row?.groups.includes(groupOf(apiVersion)) === true ? row.path : undefined;
}

/** A kind whose objects contain a pod template. */
export interface TemplateKind {
  /** API group, empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** The keys from the object to its pod template. */
  readonly path: readonly string[];
  /** False if the kind's own admission refuses init containers with `restartPolicy: Always`. */
  readonly nativeSidecars: boolean;
  /** True if a container may get its image from a trigger or from the kind's controller. */
  readonly imageElsewhere?: boolean;
}

/**
 * Kinds of other projects that can be injected. Whether native sidecars work also depends on the schema that the
 * cluster has for the kind. Knative accepts neither the `restartPolicy` of a container nor a downwardAPI volume, with
 * any feature flags (knative/serving, pkg/apis/serving/fieldmask.go: ContainerMask, VolumeSourceMask).
 */
export const customKinds: readonly TemplateKind[] = [
  { group: 'argoproj.io', kind: 'Rollout', path: ['spec', 'template'], nativeSidecars: true },
  {
    group: 'apps.openshift.io',
    kind: 'DeploymentConfig',
    path: ['spec', 'template'],
    nativeSidecars: true,
    imageElsewhere: true,
  },
  // OpenShift 3 and its templates have it without a group.
  { group: '', kind: 'DeploymentConfig', path: ['spec', 'template'], nativeSidecars: true, imageElsewhere: true },
  { group: 'serving.knative.dev', kind: 'Service', path: ['spec', 'template'], nativeSidecars: false },
  { group: 'serving.knative.dev', kind: 'Configuration', path: ['spec', 'template'], nativeSidecars: false },
];

/** The same as {@link templatePath} for the kinds of other projects that accept native sidecars. */
export function customTemplatePath(apiVersion: string, kind: string): readonly string[] | undefined {
  const row = customKinds.find((known) => known.kind === kind && known.group === groupOf(apiVersion));
  return row?.nativeSidecars === true ? row.path : undefined;
}

/** `apps` of `apps/v1`, empty of `v1`. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}
