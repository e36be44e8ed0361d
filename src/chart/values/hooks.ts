import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, integer, leaf, passed, passedList, string } from './tree.ts';

/** The Jobs that opt the targets in and out. */
export const hooks = group(
  'Jobs that opt the targets in after an install, and out when they are no targets any more; and the pod of helm test',
  {
    enabled: flag(true, 'false: nothing is opted in; the notes print the kubectl lines'),
    timeout: string('90s', 'how long to wait for the first injected pod', is.duration),
    force: flag(
      false,
      "true: workloads are opted in although the API server refuses their pods with the sidecar, or the agent's image does not start",
    ),
    activeDeadlineSeconds: integer(180, 'of each Job', 1),
    backoffLimit: integer(2, 'of each Job', 0, 10),
    serviceAccount: group('with the rights on the targets; it exists only while a hook runs', {
      annotations: leaf<Labels>({}, 'of it', is.annotations),
      labels: leaf<Labels>({}, 'of it', is.labels),
    }),
    labels: leaf<Labels>({}, 'of the Jobs', is.labels),
    annotations: leaf<Labels>({}, 'of the Jobs', is.annotations),
    podLabels: leaf<Labels>({}, "of their pods, of the test's, and of the pod that proves injection", is.labels),
    podAnnotations: leaf<Labels>(
      {},
      "of their pods, of the test's, and of the pod that proves injection",
      is.annotations,
    ),
    resources: passed("of their containers, and of the test's", kubernetes.resources, {
      requests: { cpu: '10m', memory: '64Mi' },
      limits: { cpu: '500m', memory: '128Mi' },
    }),
    nodeSelector: passed("of their pods and of the test's; empty: the injector's", kubernetes.nodeSelector),
    tolerations: passedList("of their pods and of the test's; empty: the injector's", kubernetes.tolerations),
    priorityClassName: string('', "of their pods and of the test's; empty: the injector's", is.objectNameOrEmpty),
    podSecurityContext: passed("of their pods and of the test's; empty: the injector's", kubernetes.podSecurityContext),
    securityContext: passed("of their pods and of the test's; empty: the injector's", kubernetes.securityContext),
  },
);
