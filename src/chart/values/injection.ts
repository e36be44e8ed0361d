import { injectAnnotation, namespaceLabel } from '../../settings/index.ts';
import { assumedLevels, defaultSkipRuntimeClasses, runtimeClassPattern } from '../../sidecar/index.ts';
import * as kubernetes from './kubernetesSchemas.ts';
import * as is from './schemas.ts';
import { choice, flag, group, leaf, passedList, string, type Json } from './tree.ts';

/** What the injector adds instead of the agent, as `sidecarconfig.yaml` has it. */
export const sidecar = group('a custom sidecar instead of the agent: added as it is here', {
  containers: passedList("containers that are added after the pod's own", kubernetes.containers),
  initContainers: passedList("added to the pod's init containers", kubernetes.containers),
  volumes: passedList("added to the pod's volumes", kubernetes.volumes),
});

/** Who adds the sidecar: an injector that runs in the cluster, or the API server itself. */
export const injectionWays = ['webhook', 'policy'] as const;

export const injection = group('which pods get the sidecar, and how', {
  way: choice(
    'webhook',
    'a server that the API server calls, or an admission policy in the API server: no pod, no certificate, Kubernetes 1.36',
    injectionWays,
  ),
  namespaceLabel: string(namespaceLabel, 'label by which a namespace opts in, with the value "enabled"', is.key),
  annotation: string(injectAnnotation, 'annotation by which a pod opts in, with the value "true"', is.key),
  podSecurity: choice(
    'auto',
    'level of namespaces without the label pod-security.kubernetes.io/enforce, if the cluster has such a default; auto: none',
    assumedLevels,
  ),
  optOut: flag(false, 'true: every pod of these namespaces gets the sidecar, unless its annotation is "false"'),
  namespaceSelector: leaf<Json>({}, 'selector of namespaces, in addition to the label', is.selector),
  objectSelector: leaf<Json>({}, "conditions on the pod's labels, all of which must hold", is.selector),
  excludedNamespaces: leaf<readonly string[]>(
    ['kube-system', 'kube-node-lease', 'kube-public'],
    "namespaces that are never injected, in addition to the release's own",
    { type: 'array', items: is.namespaceName, uniqueItems: true },
  ),
  skipRuntimeClasses: leaf<readonly string[]>(
    defaultSkipRuntimeClasses,
    'runtimeClassName of pods that are left alone, because their sandbox has no packet sockets; a * at the end matches any rest',
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
  'namespaces, with workloads, that a hook opts in: {namespace, deployments, statefulSets, daemonSets}',
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
