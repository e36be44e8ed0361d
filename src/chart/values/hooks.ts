import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, integer, leaf, passed, passedList, string } from './tree.ts';

/** The Jobs that opt the targets in and out. */
export const hooks = group(
  'Jobs that opt the targets in after an install, and out when they are no longer targets; and the pod of helm test',
  {
    enabled: flag(true, 'opt the targets in; false: the notes print the kubectl commands instead'),
    timeout: string('90s', 'how long to wait for the first injected pod', is.duration),
    force: flag(
      false,
      "opt workloads in even if the API server refuses their pods with the sidecar, or the agent's image does not start",
    ),
    activeDeadlineSeconds: integer(180, 'seconds after which a Job fails', 1),
    backoffLimit: integer(2, 'how often a failed Job is tried again', 0, 10),
    serviceAccount: group('service account with the rights on the targets; it exists only while a hook runs', {
      annotations: leaf<Labels>({}, 'annotations of the service account', is.annotations),
      labels: leaf<Labels>({}, 'labels of the service account', is.labels),
    }),
    labels: leaf<Labels>({}, 'labels of the Jobs', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the Jobs', is.annotations),
    podLabels: leaf<Labels>(
      {},
      "labels of the Jobs' pods, of the test's pod, and of the pod that proves injection",
      is.labels,
    ),
    podAnnotations: leaf<Labels>(
      {},
      "annotations of the Jobs' pods, of the test's pod, and of the pod that proves injection",
      is.annotations,
    ),
    resources: passed("resources of the Jobs' containers and of the test's container", kubernetes.resources, {
      requests: { cpu: '10m', memory: '64Mi' },
      limits: { cpu: '500m', memory: '128Mi' },
    }),
    nodeSelector: passed(
      "nodeSelector of the Jobs' pods and of the test's pod; empty: the injector's",
      kubernetes.nodeSelector,
    ),
    tolerations: passedList(
      "tolerations of the Jobs' pods and of the test's pod; empty: the injector's",
      kubernetes.tolerations,
    ),
    priorityClassName: string(
      '',
      "priority class of the Jobs' pods and of the test's pod; empty: the injector's",
      is.objectNameOrEmpty,
    ),
    podSecurityContext: passed(
      "pod security context of the Jobs and of the test; empty: the injector's",
      kubernetes.podSecurityContext,
    ),
    securityContext: passed(
      "container security context of the Jobs and of the test; empty: the injector's",
      kubernetes.securityContext,
    ),
  },
);
