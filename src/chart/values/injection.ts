import { sinceKubernetes } from '../../minimums.ts';
import { injectAnnotation, namespaceLabel } from '../../settings/index.ts';
import { assumedLevels, defaultSkipRuntimeClasses, runtimeClassPattern } from '../../sidecar/index.ts';
import { publicNamespace, systemNamespaces } from '../../systemNamespaces.ts';
import * as kubernetes from './kubernetesSchemas.ts';
import * as is from './schemas.ts';
import { choice, flag, group, leaf, passedList, string, type Json } from './tree.ts';

/** A custom sidecar that is injected instead of the agent, written as in `sidecarconfig.yaml`. */
export const sidecar = group('a custom sidecar instead of the agent; it is added exactly as it is written here', {
  containers: passedList("containers to add after the pod's own", kubernetes.containers),
  initContainers: passedList("init containers to add before the pod's own", kubernetes.containers),
  volumes: passedList("volumes to add after the pod's own", kubernetes.volumes),
});

/** Who adds the sidecar: an injector that runs in the cluster, or the API server itself. */
export const injectionWays = ['webhook', 'policy'] as const;

/** The values below `injection`. */
export const injection = group('which pods get the sidecar, and how', {
  way: choice(
    'webhook',
    `webhook: the API server calls the injector; policy: an admission policy in the API server, without pods and certificates, from Kubernetes ${sinceKubernetes('mutatingAdmissionPolicy')} on`,
    injectionWays,
  ),
  namespaceLabel: string(namespaceLabel, 'label that opts a namespace in, with the value "enabled"', is.key),
  annotation: string(
    injectAnnotation,
    'annotation that opts a pod in with the value "true", and out with "false"',
    is.key,
  ),
  podSecurity: choice(
    'auto',
    'the Pod Security level of namespaces without the label pod-security.kubernetes.io/enforce, for clusters with such a default; auto: privileged',
    assumedLevels,
  ),
  optOut: flag(false, 'inject every pod of these namespaces, unless its annotation is "false"'),
  namespaceSelector: leaf<Json>({}, 'further conditions that the labels of a namespace must meet', is.selector),
  objectSelector: leaf<Json>({}, 'conditions that the labels of a pod must meet', is.selector),
  excludedNamespaces: leaf<readonly string[]>(
    [...systemNamespaces, publicNamespace],
    "namespaces in which no pod is injected, in addition to the release's own",
    { type: 'array', items: is.namespaceName, uniqueItems: true },
  ),
  skipRuntimeClasses: leaf<readonly string[]>(
    defaultSkipRuntimeClasses,
    'runtime classes whose pods are skipped, because their sandbox has no packet sockets; * at the end matches any rest',
    { type: 'array', items: { type: 'string', pattern: runtimeClassPattern }, uniqueItems: true },
  ),
});

/** A namespace to opt in, and the workloads in it. Without workloads only the namespace is labeled. */
export interface Target {
  readonly namespace: string;
  readonly deployments?: readonly string[];
  readonly statefulSets?: readonly string[];
  readonly daemonSets?: readonly string[];
}

const names = { type: 'array', items: is.objectName, uniqueItems: true };

/** The value `targets`: what the hooks opt in after an install, and out again before an uninstall. */
export const targets = leaf<readonly Target[]>(
  [],
  'namespaces that a hook opts in, with their workloads: {namespace, deployments, statefulSets, daemonSets}',
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
