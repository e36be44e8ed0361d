import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, integer, leaf, passed, passedList, string } from './tree.ts';

/** The Deployment of the injector. */
export const workload = {
  replicas: integer(2, 'number of injector pods; ignored when autoscaling is enabled', 0),
  revisionHistoryLimit: integer(3, 'old ReplicaSets that the Deployment keeps', 0),
  minReadySeconds: integer(0, 'seconds that a new pod must be ready before it counts as available', 0),
  terminationGracePeriodSeconds: integer(
    30,
    'seconds to stop; more than the 10 s in which the injector answers its last calls',
    11,
  ),
  strategy: passed(
    'update strategy of the Deployment; the default starts a new pod before it stops an old one',
    kubernetes.strategy,
    {
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    },
  ),
  podDisruptionBudget: group('keeps an injector running while nodes are drained', {
    enabled: flag(true, 'create a PodDisruptionBudget'),
    minAvailable: leaf<number | string>(
      '',
      'number or percentage of pods that must stay; instead of maxUnavailable',
      is.podCount,
    ),
    maxUnavailable: leaf<number | string>(
      '',
      'number or percentage of pods that may be missing; 1 when both are empty',
      is.podCount,
    ),
    labels: leaf<Labels>({}, 'labels of the PodDisruptionBudget', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the PodDisruptionBudget', is.annotations),
  }),
  autoscaling: group('HorizontalPodAutoscaler', {
    enabled: flag(false, 'create a HorizontalPodAutoscaler; replicas is then ignored'),
    minReplicas: integer(2, 'smallest number of injector pods', 1),
    maxReplicas: integer(5, 'largest number of injector pods', 1),
    targetCPUUtilizationPercentage: integer(
      80,
      'target CPU use in percent of the request; 0: CPU is not used for scaling',
      0,
    ),
    targetMemoryUtilizationPercentage: integer(
      0,
      'target memory use in percent of the request; 0: memory is not used for scaling',
      0,
    ),
    metrics: passedList('further metrics to scale by', kubernetes.scalingMetrics),
    behavior: passed('how fast to scale up and down', kubernetes.scalingBehavior),
    labels: leaf<Labels>({}, 'labels of the HorizontalPodAutoscaler', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the HorizontalPodAutoscaler', is.annotations),
  }),
  resources: passed('resources of the injector container', kubernetes.resources, {
    requests: { cpu: '50m', memory: '96Mi' },
    limits: { cpu: '1', memory: '256Mi' },
  }),
  probes: group('probes of the injector; path and port are fixed', {
    liveness: passed('GET /healthz', kubernetes.probe, {
      initialDelaySeconds: 5,
      periodSeconds: 10,
      failureThreshold: 3,
      timeoutSeconds: 3,
    }),
    readiness: passed('readiness probe, GET /readyz', kubernetes.probe, {
      periodSeconds: 5,
      failureThreshold: 2,
      timeoutSeconds: 3,
    }),
    startup: passed('startup probe, GET /healthz', kubernetes.probe, {
      periodSeconds: 1,
      failureThreshold: 60,
      timeoutSeconds: 3,
    }),
  }),
  nodeSelector: passed("nodeSelector of the injector's pods", kubernetes.nodeSelector, { 'kubernetes.io/os': 'linux' }),
  tolerations: passedList("tolerations of the injector's pods", kubernetes.tolerations),
  affinity: passed("affinity of the injector's pods", kubernetes.affinity),
  topologySpreadConstraints: passedList(
    "how the injector's pods are spread; empty: over nodes and zones, if possible",
    kubernetes.topologySpread,
  ),
  priorityClassName: string('', "priority class of the injector's pods", is.objectNameOrEmpty),
  runtimeClassName: string('', "runtime class of the injector's pods", is.objectNameOrEmpty),
  schedulerName: string('', "scheduler of the injector's pods", is.objectNameOrEmpty),
  hostNetwork: flag(
    false,
    'run the injector on the host network, for API servers that cannot reach the pod network; webhook.port must be free on the nodes',
  ),
  dnsPolicy: string('', "DNS policy of the injector's pods", {
    enum: ['', 'ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  }),
  dnsConfig: passed("DNS configuration of the injector's pods", kubernetes.dnsConfig),
  podSecurityContext: passed(
    'security context of the injector\'s pods; the default meets Pod Security "restricted"',
    kubernetes.podSecurityContext,
    {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  ),
  securityContext: passed(
    'security context of every container of the chart; the default meets Pod Security "restricted"',
    kubernetes.securityContext,
    {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
  ),
  labels: leaf<Labels>({}, 'labels of the Deployment', is.labels),
  annotations: leaf<Labels>({}, 'annotations of the Deployment', is.annotations),
  podLabels: leaf<Labels>({}, "labels of the injector's pods", is.labels),
  podAnnotations: leaf<Labels>({}, "annotations of the injector's pods", is.annotations),
} as const;
