import {
  addsOnly,
  eachContainer,
  noHostNamespaces,
  noHostPorts,
  notPrivileged,
  type Demand,
  type Violation,
} from './standIn.ts';

/**
 * The list in the messages of Autopilot's admission ("Autopilot only allows the capabilities: …"), from 2023 to 2025:
 * dragonflydb/dragonfly#1516, SumoLogic/sumologic-kubernetes-collection#3437, CrowdStrike/falcon-helm#310,
 * istio/istio.io#16266. That of 2021 has no SYS_PTRACE (wso2/kubernetes-apim#515).
 */
const capabilities = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
  'SYS_PTRACE',
] as const;

/** Volumes of the host may be below /var/log/, and are read only. */
const hostPaths = [
  "variables.volumes.all(v, v.?hostPath.?path.orValue('/var/log/').startsWith('/var/log/'))",
  eachContainer(
    'c.?volumeMounts.orValue([]).all(m, m.?readOnly.orValue(false) || variables.volumes.all(v, v.name != m.name || !has(v.hostPath)))',
  ),
].join(' && ');

/** The key of the node's name is one of those by which no pod may choose its node. */
const ownNode = [
  "!('kubernetes.io/hostname' in object.spec.?nodeSelector.orValue({}))",
  "object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([]).all(t, t.?matchExpressions.orValue([]).all(e, e.key != 'kubernetes.io/hostname'))",
].join(' && ');

/**
 * GKE Autopilot, as its messages name its constraints. What it changes in pods (requests, limits, the seccomp profile)
 * is not imitated, nor its limits of resources.
 * @see https://docs.cloud.google.com/kubernetes-engine/docs/reference/crds/workloadallowlist the names, in `exemptions`
 */
export const autopilot: readonly Demand[] = [
  { name: 'autogke-default-linux-capabilities', expression: addsOnly(capabilities) },
  { name: 'autogke-disallow-privilege', expression: notPrivileged },
  { name: 'autogke-disallow-hostnamespaces', expression: noHostNamespaces },
  { name: 'autogke-no-write-mode-hostpath', expression: hostPaths },
  { name: 'autogke-no-host-port', expression: noHostPorts },
  { name: 'autogke-node-affinity-selector-limitation', expression: ownNode },
];

const hostVolume = (path: string): object => ({ volumes: [{ name: 'host', hostPath: { path } }] });
const mounted = (readOnly: boolean): object => ({ volumeMounts: [{ name: 'host', mountPath: '/host', readOnly }] });

/** For each demand a pod that it refuses. */
export const autopilotViolations: readonly Violation[] = [
  {
    refusedBy: 'autogke-default-linux-capabilities',
    container: { securityContext: { capabilities: { add: ['NET_ADMIN'] } } },
  },
  { refusedBy: 'autogke-disallow-privilege', container: { securityContext: { privileged: true } } },
  { refusedBy: 'autogke-disallow-hostnamespaces', spec: { hostPID: true } },
  { refusedBy: 'autogke-no-write-mode-hostpath', spec: hostVolume('/proc'), container: mounted(true) },
  { refusedBy: 'autogke-no-write-mode-hostpath', spec: hostVolume('/var/log/pods'), container: mounted(false) },
  { refusedBy: 'autogke-no-host-port', container: { ports: [{ containerPort: 80, hostPort: 80 }] } },
  {
    refusedBy: 'autogke-node-affinity-selector-limitation',
    spec: { nodeSelector: { 'kubernetes.io/hostname': 'node0' } },
  },
];
