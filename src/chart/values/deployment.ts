import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { flag, group, integer, leaf, passed, passedList, string } from './tree.ts';

/** The Deployment of the injector. */
export const workload = {
  replicas: integer(2, 'of the injector, unless autoscaling does', 0),
  revisionHistoryLimit: integer(3, 'of the Deployment', 0),
  minReadySeconds: integer(0, 'of the Deployment', 0),
  terminationGracePeriodSeconds: integer(30, 'more than the 10 s in which the injector answers its last calls', 11),
  strategy: passed('a new pod is ready before an old one goes', kubernetes.strategy, {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
  }),
  podDisruptionBudget: group('keeps an injector while nodes are drained', {
    enabled: flag(true, 'render it'),
    minAvailable: leaf<number | string>('', 'pods or percentage; instead of maxUnavailable', is.podCount),
    maxUnavailable: leaf<number | string>('', 'pods or percentage; 1 when both are empty', is.podCount),
    labels: leaf<Labels>({}, 'of it', is.labels),
    annotations: leaf<Labels>({}, 'of it', is.annotations),
  }),
  autoscaling: group('HorizontalPodAutoscaler', {
    enabled: flag(false, 'render it; replicas then does nothing'),
    minReplicas: integer(2, 'at least', 1),
    maxReplicas: integer(5, 'at most', 1),
    targetCPUUtilizationPercentage: integer(80, 'of the requests; 0: not by CPU', 0),
    targetMemoryUtilizationPercentage: integer(0, 'of the requests; 0: not by memory', 0),
    metrics: passedList('further metrics', kubernetes.scalingMetrics),
    behavior: passed('how fast', kubernetes.scalingBehavior),
    labels: leaf<Labels>({}, 'of it', is.labels),
    annotations: leaf<Labels>({}, 'of it', is.annotations),
  }),
  resources: passed('of the injector', kubernetes.resources, {
    requests: { cpu: '50m', memory: '96Mi' },
    limits: { cpu: '1', memory: '256Mi' },
  }),
  probes: group('over the path and the port, which are given', {
    liveness: passed('GET /healthz', kubernetes.probe, {
      initialDelaySeconds: 5,
      periodSeconds: 10,
      failureThreshold: 3,
      timeoutSeconds: 3,
    }),
    readiness: passed('GET /readyz', kubernetes.probe, { periodSeconds: 5, failureThreshold: 2, timeoutSeconds: 3 }),
    startup: passed('GET /healthz', kubernetes.probe, { periodSeconds: 1, failureThreshold: 60, timeoutSeconds: 3 }),
  }),
  nodeSelector: passed('of the pods', kubernetes.nodeSelector, { 'kubernetes.io/os': 'linux' }),
  tolerations: passedList('of the pods', kubernetes.tolerations),
  affinity: passed('of the pods', kubernetes.affinity),
  topologySpreadConstraints: passedList(
    'of the pods; empty: over hosts and zones, as far as it can be had',
    kubernetes.topologySpread,
  ),
  priorityClassName: string('', 'of the pods', is.objectNameOrEmpty),
  runtimeClassName: string('', 'of the pods', is.objectNameOrEmpty),
  schedulerName: string('', 'of the pods', is.objectNameOrEmpty),
  hostNetwork: flag(false, 'for API servers that cannot reach the pod network; then choose a free webhook.port'),
  dnsPolicy: string('', 'of the pods', { enum: ['', 'ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] }),
  dnsConfig: passed('of the pods', kubernetes.dnsConfig),
  podSecurityContext: passed('Pod Security "restricted" admits it', kubernetes.podSecurityContext, {
    runAsNonRoot: true,
    runAsUser: 65_532,
    runAsGroup: 65_532,
    fsGroup: 65_532,
    seccompProfile: { type: 'RuntimeDefault' },
  }),
  securityContext: passed('of every container; Pod Security "restricted" admits it', kubernetes.securityContext, {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  }),
  labels: leaf<Labels>({}, 'of the Deployment', is.labels),
  annotations: leaf<Labels>({}, 'of the Deployment', is.annotations),
  podLabels: leaf<Labels>({}, "of the injector's pods", is.labels),
  podAnnotations: leaf<Labels>({}, "of the injector's pods", is.annotations),
} as const;
