import { injectAnnotation, namespaceLabel } from '../../settings/index.ts';
import { assumedLevels, defaultSkipRuntimeClasses, runtimeClassPattern } from '../../sidecar/index.ts';
import * as kubernetes from './kubernetesSchemas.ts';
import * as is from './schemas.ts';
import { choice, flag, group, leaf, passedList, string, type Json } from './tree.ts';

/** What the injector adds instead of the agent, as `sidecarconfig.yaml` has it. */
export const sidecar = group('a sidecar of your own instead of the agent: added as it stands here', {
  containers: passedList("added behind the pod's containers", kubernetes.containers),
  initContainers: passedList("added to the pod's init containers", kubernetes.containers),
  volumes: passedList("added to the pod's volumes", kubernetes.volumes),
});

/** Who adds the sidecar: an injector that runs in the cluster, or the API server itself. */
export const injectionWays = ['webhook', 'policy'] as const;

export const injection = group('which pods get the sidecar, and from whom', {
  way: choice(
    'webhook',
    'a server that the API server calls, or an admission policy within it: no pod, no certificate, Kubernetes 1.36',
    injectionWays,
  ),
  namespaceLabel: string(namespaceLabel, 'label of the namespaces that take part; its value is "enabled"', is.key),
  annotation: string(injectAnnotation, 'annotation of the pods that take part; its value is "true"', is.key),
  podSecurity: choice(
    'auto',
    'what namespaces without a label pod-security.kubernetes.io/enforce enforce, on clusters that have such a default; auto: nothing',
    assumedLevels,
  ),
  optOut: flag(false, 'true: every pod of these namespaces, unless its annotation says "false"'),
  namespaceSelector: leaf<Json>({}, 'further conditions on the namespace, all of which must hold', is.selector),
  objectSelector: leaf<Json>({}, "conditions on the pod's labels, all of which must hold", is.selector),
  excludedNamespaces: leaf<readonly string[]>(
    ['kube-system', 'kube-node-lease', 'kube-public'],
    "never, beside the release's own",
    { type: 'array', items: is.namespaceName, uniqueItems: true },
  ),
  skipRuntimeClasses: leaf<readonly string[]>(
    defaultSkipRuntimeClasses,
    'runtimeClassName of pods that are left alone, since their sandbox has no packet sockets; * at the end: whatever follows',
    { type: 'array', items: { type: 'string', pattern: runtimeClassPattern }, uniqueItems: true },
  ),
});

/** A namespace to opt in, and the workloads in it; without workloads the namespace's label alone. */
export interface Target {
  readonly namespace: string;
  readonly deployments?: readonly string[];
  readonly statefulSets?: readonly string[];
  readonly daemonSets?: readonly string[];
}

const names = { type: 'array', items: is.objectName, uniqueItems: true };

export const targets = leaf<readonly Target[]>(
  [],
  'namespaces, and workloads in them, that a hook opts in: {namespace, deployments, statefulSets, daemonSets}',
  {
    type: 'array',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace'],
      properties: { namespace: is.namespaceName, deployments: names, statefulSets: names, daemonSets: names },
    },
  },
);
