/** One right that the chart's roles grant, and why. */
export interface ChartRight {
  /** The API group; empty for the first one. */
  readonly group: string;
  /** `pods`, or with a subresource `pods/exec`. */
  readonly resource: string;
  /** The only object; undefined for all of the kind. */
  readonly name?: string;
  readonly verb: string;
  readonly why: string;
}

/** A role of the chart. Names are written as the documentation has them: NAME, NAMESPACE. */
export interface ChartRole {
  readonly kind: 'ClusterRole' | 'Role';
  readonly name: string;
  readonly where: string;
  readonly when: string;
  readonly holder: string;
  readonly rights: readonly ChartRight[];
}

const right = (group: string, resource: string, verb: string, why: string, name?: string): ChartRight =>
  name === undefined ? { group, resource, verb, why } : { group, resource, name, verb, why };

/** The kinds of workloads that can be targets. */
const workloads = ['deployments', 'statefulsets', 'daemonsets'] as const;

/**
 * Every right that the chart can grant. `test/chart/audit.test.ts` compares it with what the chart renders: a rule
 * that is not here, and so has no reason, fails; and so does a reason without a rule.
 */
export const chartRoles: readonly ChartRole[] = [
  {
    kind: 'Role',
    name: 'NAME-hook',
    where: "the release's namespace",
    when: 'with hooks: `hooks.enabled`, and helm installs on a cluster or there are `targets`',
    holder: 'the service account `NAME-hook`, which exists only while a hook runs',
    rights: [
      right('', 'configmaps', 'get', 'to know what former revisions opted in', 'NAME-opt-in'),
      right('', 'configmaps', 'patch', 'to record what is opted in', 'NAME-opt-in'),
      right('', 'pods', 'create', 'to prove injection by a dry run; none is stored'),
    ],
  },
  {
    kind: 'Role',
    name: 'NAME.NAMESPACE-opt-in',
    where: 'the namespace of each target',
    when: 'with hooks and `targets`; the rights on pods and quotas if the target names workloads, and those on workloads for each named one',
    holder: 'the same',
    rights: [
      right('', 'namespaces', 'get', "to read the target's label and Pod Security level", 'the target'),
      right('', 'namespaces', 'patch', 'to set and remove the label that opts in', 'the target'),
      right('', 'pods', 'create', 'to ask for the pods of a workload by dry runs, and to try the image'),
      right('', 'pods', 'list', 'to count for quotas, and to see whether a pod runs the image already'),
      right('', 'limitranges', 'list', 'to suggest what would fit'),
      right('', 'resourcequotas', 'list', 'to suggest what would fit'),
      right('', 'pods', 'get', 'to watch the pod that tries the image', 'NAME.NAMESPACE-image-trial'),
      right('', 'pods', 'delete', 'to remove the pod that tries the image', 'NAME.NAMESPACE-image-trial'),
      ...workloads.flatMap((resource) => [
        right('apps', resource, 'get', 'to read its pod template', 'each named one'),
        right('apps', resource, 'patch', 'to set and remove the annotation that opts in', 'each named one'),
      ]),
    ],
  },
  {
    kind: 'ClusterRole',
    name: 'NAME.NAMESPACE-attach',
    where: 'nowhere, until somebody makes a RoleBinding; the chart makes none',
    when: '`rbac.attach`',
    holder: 'people who may use `packet-capture attach`',
    rights: [
      right('', 'pods', 'get', 'to read the pod, and to see the container start'),
      right('', 'pods', 'list', 'to find the pods of a workload or a selector'),
      right('', 'pods/ephemeralcontainers', 'get', 'kubectl reads the subresource before it patches it'),
      right('', 'pods/ephemeralcontainers', 'patch', 'to add the container'),
      right('', 'pods/ephemeralcontainers', 'update', 'the same by kubectl 1.31 and older, which cannot patch them'),
      right('', 'pods/exec', 'create', 'to steer the agent and to read its packets'),
      right('', 'pods/exec', 'get', 'the same over a WebSocket, for which older API servers ask for get'),
      right('', 'events', 'create', 'to write who attached, and why'),
    ],
  },
];
