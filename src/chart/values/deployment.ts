import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, integer, leaf, passed, passedList, string } from './tree.ts';

/** The Deployment of the injector. */
export const workload = {
  replicas: integer(2, 'number of injectors; autoscaling replaces it', 0),
  revisionHistoryLimit: integer(3, 'old ReplicaSets that the Deployment keeps', 0),
  minReadySeconds: integer(0, 'seconds that a new pod must be ready before it counts as available', 0),
  terminationGracePeriodSeconds: integer(
    30,
    'seconds; more than the 10 s in which the injector answers its last calls',
    11,
  ),
  strategy: passed('how pods are replaced; by default a new pod is ready before an old one ends', kubernetes.strategy, {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
  }),
  podDisruptionBudget: group('keeps an injector while nodes are drained', {
    enabled: flag(true, 'create a PodDisruptionBudget'),
    minAvailable: leaf<number | string>('', 'number or percentage of pods; instead of maxUnavailable', is.podCount),
    maxUnavailable: leaf<number | string>('', 'number or percentage of pods; 1 if both are empty', is.podCount),
    labels: leaf<Labels>({}, 'labels of the PodDisruptionBudget', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the PodDisruptionBudget', is.annotations),
  }),
  autoscaling: group('HorizontalPodAutoscaler', {
    enabled: flag(false, 'create a HorizontalPodAutoscaler; replicas has no effect then'),
    minReplicas: integer(2, 'smallest number of injectors', 1),
    maxReplicas: integer(5, 'largest number of injectors', 1),
    targetCPUUtilizationPercentage: integer(
      80,
      'target CPU, as a percentage of the requests; 0: do not scale by CPU',
      0,
    ),
    targetMemoryUtilizationPercentage: integer(
      0,
      'target memory, as a percentage of the requests; 0: do not scale by memory',
      0,
    ),
    metrics: passedList('further metrics to scale by', kubernetes.scalingMetrics),
    behavior: passed('how fast to scale up and down', kubernetes.scalingBehavior),
    labels: leaf<Labels>({}, 'labels of the HorizontalPodAutoscaler', is.labels),
    annotations: leaf<Labels>({}, 'annotations of the HorizontalPodAutoscaler', is.annotations),
  }),
  resources: passed('resources of the injector', kubernetes.resources, {
    requests: { cpu: '50m', memory: '96Mi' },
    limits: { cpu: '1', memory: '256Mi' },
  }),
  probes: group('timing of the probes; path and port are fixed', {
    liveness: passed('liveness probe, GET /healthz', kubernetes.probe, {
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
  nodeSelector: passed("node selector of the injector's pods", kubernetes.nodeSelector, {
    'kubernetes.io/os': 'linux',
  }),
  tolerations: passedList("tolerations of the injector's pods", kubernetes.tolerations),
  affinity: passed("affinity of the injector's pods", kubernetes.affinity),
  topologySpreadConstraints: passedList(
    "topology spread of the injector's pods; empty: over hosts and zones, where possible",
    kubernetes.topologySpread,
  ),
  priorityClassName: string('', "priority class of the injector's pods", is.objectNameOrEmpty),
  runtimeClassName: string('', "runtime class of the injector's pods", is.objectNameOrEmpty),
  schedulerName: string('', "scheduler of the injector's pods", is.objectNameOrEmpty),
  hostNetwork: flag(false, 'for API servers that cannot reach the pod network; then choose a free webhook.port'),
  dnsPolicy: string('', "DNS policy of the injector's pods", {
    enum: ['', 'ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  }),
  dnsConfig: passed("DNS configuration of the injector's pods", kubernetes.dnsConfig),
  podSecurityContext: passed(
    'security context of the injector\'s pods; Pod Security "restricted" admits it',
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
    'security context of every container; Pod Security "restricted" admits it',
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
