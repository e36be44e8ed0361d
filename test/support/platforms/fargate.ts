import {
  addsOnly,
  eachContainer,
  noHostNamespaces,
  noHostPorts,
  notPrivileged,
  type Demand,
  type Violation,
} from './standIn.ts';

/** EKS writes it into the pods of its profiles, before webhooks are called. */
export const fargateLabels = { 'eks.amazonaws.com/fargate-profile': 'apps' };

/**
 * AWS Fargate for EKS. Its documentation forbids privileged containers, HostPort and HostNetwork. By the messages of
 * its scheduler ("Pod not supported on Fargate: invalid SecurityContext fields: …", kumahq/kuma#2920,
 * frappe/frappe_docker#1182, kubernetes/ingress-nginx#4888), it also leaves pods pending that add a capability or allow
 * privilege escalation. Here the API server refuses them at once. DaemonSets never run there; the chart has none.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/fargate.html
 */
export const fargate: readonly Demand[] = [
  { name: 'invalid SecurityContext fields: Capabilities added', expression: addsOnly([]) },
  { name: 'invalid SecurityContext fields: Privileged', expression: notPrivileged },
  {
    name: 'invalid SecurityContext fields: AllowPrivilegeEscalation',
    expression: eachContainer('!c.?securityContext.?allowPrivilegeEscalation.orValue(false)'),
  },
  { name: 'fields not supported: HostNetwork, HostPort', expression: `${noHostNamespaces} && ${noHostPorts}` },
  { name: 'fields not supported: hostPath', expression: 'variables.volumes.all(v, !has(v.hostPath))' },
];

/** For each demand a pod that it refuses. */
export const fargateViolations: readonly Violation[] = [
  {
    refusedBy: 'invalid SecurityContext fields: Capabilities added',
    container: { securityContext: { capabilities: { add: ['NET_RAW'] } } },
  },
  {
    refusedBy: 'invalid SecurityContext fields: Privileged',
    container: { securityContext: { privileged: true } },
  },
  {
    refusedBy: 'invalid SecurityContext fields: AllowPrivilegeEscalation',
    container: { securityContext: { allowPrivilegeEscalation: true } },
  },
  { refusedBy: 'fields not supported: HostNetwork, HostPort', spec: { hostNetwork: true } },
  {
    refusedBy: 'fields not supported: HostNetwork, HostPort',
    container: { ports: [{ containerPort: 80, hostPort: 80 }] },
  },
  {
    refusedBy: 'fields not supported: hostPath',
    spec: { volumes: [{ name: 'host', hostPath: { path: '/var/log' } }] },
  },
];
