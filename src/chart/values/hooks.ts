import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, integer, leaf, passed, passedList, string } from './tree.ts';

/** The Jobs that opt the targets in and out. */
export const hooks = group(
  'Jobs that opt the targets in after an install, and opt former targets out; and the pod of helm test',
  {
    enabled: flag(true, 'false: nothing is opted in; the notes print the kubectl lines'),
    timeout: string('90s', 'how long to wait for the first injected pod', is.duration),
    force: flag(
      false,
      "true: workloads are opted in although the API server refuses their pods with the sidecar, or the agent's image does not start",
    ),
    activeDeadlineSeconds: integer(180, 'seconds after which a Job is ended', 1),
    backoffLimit: integer(2, 'how often a failed Job is tried again', 0, 10),
    serviceAccount: group('with the rights on the targets; it exists only while a hook runs', {
      annotations: leaf<Labels>({}, 'annotations of the ServiceAccount', is.annotations),
      labels: leaf<Labels>({}, 'labels of the ServiceAccount', is.labels),
    }),
    labels: leaf<Labels>({}, 'labels of the Jobs', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the Jobs', is.annotations),
    podLabels: leaf<Labels>(
      {},
      'labels of the pods of hooks and test, and of the pod that proves injection',
      is.labels,
    ),
    podAnnotations: leaf<Labels>(
      {},
      'annotations of the pods of hooks and test, and of the pod that proves injection',
      is.annotations,
    ),
    resources: passed('resources of the containers of hooks and test', kubernetes.resources, {
      requests: { cpu: '10m', memory: '64Mi' },
      limits: { cpu: '500m', memory: '128Mi' },
    }),
    nodeSelector: passed("node selector of the pods of hooks and test; empty: the injector's", kubernetes.nodeSelector),
    tolerations: passedList("tolerations of the pods of hooks and test; empty: the injector's", kubernetes.tolerations),
    priorityClassName: string(
      '',
      "priority class of the pods of hooks and test; empty: the injector's",
      is.objectNameOrEmpty,
    ),
    podSecurityContext: passed(
      "security context of the pods of hooks and test; empty: the injector's",
      kubernetes.podSecurityContext,
    ),
    securityContext: passed("security context of their containers; empty: the injector's", kubernetes.securityContext),
  },
);
