/** Where the pod template of each kind sits; the empty path is the object itself. */
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
 * Path from the object to its pod template, keys only; `[]` for a Pod, undefined for what is no workload.
 * A kind of the same name in a foreign API group is no workload.
 */
export function templatePath(apiVersion: string, kind: string): readonly string[] | undefined {
  const row = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return row?.groups.includes(group) === true ? row.path : undefined;
}
