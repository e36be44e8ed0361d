import { planInjection } from '../../../src/inject/index.ts';
import type { Kubectl } from '../../../src/kubernetes/kubectl.ts';
import { defaultSidecarConfig, formatStatus } from '../../../src/sidecar/index.ts';
import { configuration, optedIn } from '../diagnosis/builders.ts';

/** What a stand-in for kubectl answers: JSON for an object or a list, text as it is. */
export interface Rule {
  /** All of these stand in the arguments, in this order. */
  readonly has: readonly string[];
  readonly answer: unknown;
}

const uid = '8f3c1f6e-0000-4000-8000-000000000001';
const metadata = (name: string, rest: object = {}): object => ({
  name,
  namespace: 'shop',
  uid,
  generation: 2,
  resourceVersion: '7',
  creationTimestamp: '2026-11-20T10:00:00Z',
  ...rest,
});
const ownedBy = (kind: string, name: string): object => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, controller: true }],
});
const asking = {
  'packet-capture/inject': 'true',
  'packet-capture/filter': 'tcp port 80',
  'packet-capture/mirror': 'vxlan://10.0.0.9:4789?vni=42',
};
const status = formatStatus({
  containers: ['packet-capture'],
  volumes: ['files', 'settings', 'no-token', 'upload'].map((name) => `packet-capture-${name}`),
});
const sidecar = {
  name: 'packet-capture',
  image: 'registry.example/agent:1',
  restartPolicy: 'Always',
  env: [
    { name: 'PACKET_CAPTURE_FILTER', value: 'udp' },
    { name: 'PACKET_CAPTURE_SIZE_LIMIT', value: '100Mi' },
  ],
};
const app = {
  name: 'app',
  image: 'app',
  ports: [{ containerPort: 80 }],
  resources: { requests: { cpu: '10m' }, limits: { cpu: '20m', memory: '10Mi' } },
};
const podSpec = {
  containers: [app],
  volumes: [{ name: 'data', emptyDir: {} }],
  nodeName: 'node0',
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }],
};
const waiting = {
  name: 'app',
  ready: false,
  restartCount: 3,
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting' } },
};

export const injectedPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: metadata('web-1', {
    ...ownedBy('ReplicaSet', 'web-abc'),
    labels: { app: 'web' },
    annotations: { ...asking, 'packet-capture/status': status },
  }),
  spec: { ...podSpec, initContainers: [sidecar] },
  status: {
    phase: 'Running',
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [app]',
      },
    ],
    initContainerStatuses: [
      { name: 'packet-capture', ready: true, started: true, restartCount: 0, state: { running: {} } },
    ],
    containerStatuses: [waiting],
  },
};
const bareSpec = { ...podSpec, initContainers: [{ name: 'setup', image: 'setup' }] };
export const barePod = {
  ...injectedPod,
  metadata: metadata('web-2', { ...ownedBy('ReplicaSet', 'web-abc'), labels: { app: 'web' }, annotations: asking }),
  spec: bareSpec,
};
const loosePod = {
  ...barePod,
  metadata: metadata('loose', {
    labels: { 'packet-capture/inject': 'yes' },
    annotations: { 'packet-capture/inject': 'yes' },
  }),
};

export const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadata('web', {
    annotations: {
      'packet-capture/inject': 'yes',
      'meta.helm.sh/release-name': 'shop',
      'packet-capture/opted-in-by': '{"system/capture":"packet-capture/inject"}',
    },
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    managedFields: [{ manager: 'argocd-controller' }],
  }),
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['front'] }] },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
    template: { metadata: { labels: { app: 'web' }, annotations: asking }, spec: bareSpec },
  },
  status: {
    observedGeneration: 2,
    replicas: 2,
    updatedReplicas: 1,
    conditions: [
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'pods "web-" is forbidden: exceeded quota',
      },
    ],
  },
};
const config = { ...defaultSidecarConfig, agent: { ...defaultSidecarConfig.agent, image: 'registry.example/agent:1' } };
const plan = planInjection(deployment.spec.template, {
  config,
  settings: {},
  podSecurity: 'baseline',
  namespace: 'shop',
});
const added = plan.inject ? plan.addition.annotations : {};
/** With the sidecar in its template, as the API server stores it. */
const patched = {
  ...deployment,
  spec: {
    ...deployment.spec,
    template: {
      metadata: { labels: { app: 'web' }, annotations: { ...asking, ...added } },
      spec: { ...bareSpec, initContainers: [sidecar, ...bareSpec.initContainers] },
    },
  },
};
const replicaSet = { ...deployment, kind: 'ReplicaSet', metadata: metadata('web-abc', ownedBy('Deployment', 'web')) };
const namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: 'shop',
    labels: { ...optedIn, 'pod-security.kubernetes.io/enforce': 'baseline' },
    annotations: { 'packet-capture/injection': 'enabled' },
  },
};
const webhooks = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  ...configuration(),
};
const policy = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingAdmissionPolicy',
  metadata: { name: 'packet-capture', labels: { 'app.kubernetes.io/version': '0.0.1' } },
  spec: {
    failurePolicy: 'Ignore',
    matchConditions: [
      { name: 'packet-capture.internal/opted-in', expression: 'true' },
      { name: 'theirs', expression: 'object.metadata.name != "x"' },
    ],
  },
};
const binding = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingAdmissionPolicyBinding',
  metadata: { name: 'packet-capture-privileged' },
  spec: {
    policyName: 'packet-capture',
    paramRef: { name: 'params', namespace: 'system' },
    matchResources: {
      namespaceSelector: { matchLabels: { 'packet-capture/injection': 'enabled' } },
      objectSelector: {},
    },
  },
};
const event = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: metadata('web-1.17'),
  type: 'Warning',
  reason: 'FailedCreate',
  message: 'admission webhook denied the request',
  lastTimestamp: '2026-11-23T10:00:00Z',
  involvedObject: { kind: 'Pod', name: 'web-1' },
};
const injector = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'capture', namespace: 'system' },
  spec: {
    replicas: 1,
    template: { spec: { containers: [app], volumes: [{ name: 'certificates', secret: { secretName: 'certs' } }] } },
  },
  status: { readyReplicas: 1 },
};
const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'capture-config', namespace: 'system' },
  data: { 'sidecarconfig.yaml': 'agent: {image: "registry.example/agent:2"}\n' },
};
const parameters = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'params', namespace: 'system' },
  data: { image: 'registry.example/agent:2', annotation: 'packet-capture/inject', profile: 'privileged' },
};
const service = { apiVersion: 'v1', kind: 'Service', metadata: metadata('web'), spec: { selector: { app: 'web' } } };
const limitRange = {
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: metadata('limits'),
  spec: {
    limits: [
      {
        type: 'Container',
        maxLimitRequestRatio: { cpu: '10' },
        max: { memory: '1Gi' },
        min: { cpu: '1m' },
        default: { cpu: '1' },
        defaultRequest: { cpu: '100m' },
      },
    ],
  },
};
const quota = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: metadata('quota'),
  spec: { hard: { pods: '10', 'requests.cpu': '1' } },
  status: { hard: { pods: '10', 'requests.cpu': '1' }, used: { pods: '9', 'requests.cpu': '900m' } },
};
const list = (...items: readonly unknown[]): object => ({ apiVersion: 'v1', kind: 'List', items });

export const agentStatus = {
  time: '2026-11-23T10:00:00Z',
  version: '0.1.0',
  state: 'capturing',
  reason: '',
  settings: { filter: 'tcp port 80', state: 'running' },
  interfaces: ['eth0'],
  filter: 'tcp port 80',
  file: '/captures/web-1_20261123100000_00001.pcapng',
  files: 1,
  packets: 5,
  bytes: 500,
  dropped: { kernel: 1, interface: 1, queue: 1 },
  ring: { files: 1, bytes: 9 },
  kept: { keeps: 1, files: 1, bytes: 9, limit: 99, ids: ['20261123T100000Z'], lasting: [], leftOut: 1 },
  upload: { pending: 1, pendingBytes: 9, lost: 1, lastError: 'x' },
  stream: { state: 'x', lastError: 'x' },
  mirror: { state: 'waiting', reason: 'no route', destination: 'vxlan://10.0.0.9', packets: 1, bytes: 1, dropped: 1 },
  invalid: [{ setting: 'filter', value: 'tcp prt', reason: 'syntax error' }],
  lastError: { time: '2026-11-23T09:00:00Z', reason: 'broken' },
};

/** A cluster with a release of each way, a workload with pods that carry the sidecar and pods that do not. */
export const rules: readonly Rule[] = [
  {
    has: ['version'],
    answer: { clientVersion: { gitVersion: 'v1.37.0' }, serverVersion: { gitVersion: 'v1.37.0', minor: '37' } },
  },
  {
    has: ['exec', '/usr/lib/packet-capture/agent send --list'],
    answer: `${JSON.stringify(agentStatus)}\n100 web-1_20261123100000_00000.pcapng\n`,
  },
  {
    has: ['exec', '/usr/lib/packet-capture/agent send kept/'],
    answer: `sum\n${JSON.stringify({ id: '20261123T100000Z', from: '2026-11-23T10:00:00Z', to: '2026-11-23T10:01:00Z' })}`,
  },
  { has: ['exec', '/usr/lib/packet-capture/agent status'], answer: JSON.stringify(agentStatus) },
  { has: ['logs'], answer: 'a line\nanother line' },
  { has: ['create', 'jsonpath='], answer: 'true\ntrue\ntrue\ntrue\ntrue\ntrue\ntrue\ntrue' },
  { has: ['create', '-o json'], answer: barePod },
  { has: ['create', '--output=json'], answer: barePod },
  { has: ['create'], answer: 'pod/web created' },
  { has: ['patch', 'pod/'], answer: injectedPod },
  { has: ['patch'], answer: patched },
  {
    has: ['get secret'],
    answer: Buffer.from('-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n').toString('base64'),
  },
  { has: ['get --raw', '/pods?'], answer: list(injectedPod, barePod, loosePod) },
  { has: ['get --raw', '/namespaces?'], answer: list(namespace) },
  { has: ['get --raw', '/deployments?'], answer: list(deployment) },
  { has: ['get --raw', '/replicasets?'], answer: list(replicaSet) },
  { has: ['get --raw'], answer: list() },
  { has: ['get mutatingwebhookconfigurations'], answer: list(webhooks, policy, binding) },
  { has: ['get events'], answer: list(event) },
  { has: ['get limitranges'], answer: list(limitRange) },
  { has: ['get resourcequotas'], answer: list(quota) },
  { has: ['get limitranges,resourcequotas'], answer: list(limitRange, quota) },
  { has: ['get namespaces/'], answer: namespace },
  { has: ['get namespace shop'], answer: namespace },
  { has: ['get namespaces'], answer: list(namespace) },
  { has: ['get deployments.apps,'], answer: list(deployment, replicaSet) },
  { has: ['get deployments'], answer: list(deployment) },
  { has: ['get pods'], answer: list(injectedPod, barePod, loosePod) },
  { has: ['get pod/web-1'], answer: injectedPod },
  { has: ['get pod/web-2'], answer: barePod },
  { has: ['get configmap capture-config'], answer: configMap },
  { has: ['get configmaps params'], answer: list(parameters) },
  { has: ['get service capture'], answer: service },
  { has: ['get deployment capture'], answer: injector },
  { has: ['get replicaset.apps/'], answer: replicaSet },
  { has: ['get deployment.apps/'], answer: deployment },
  { has: ['get deploy/web --namespace'], answer: patched },
  { has: ['get deploy/web'], answer: deployment },
  { has: ['get deployment'], answer: deployment },
  { has: ['get service/web'], answer: service },
];

/** The answer to a call; empty where no rule has one. */
export function answerTo(args: readonly string[], given: readonly Rule[] = rules): string {
  const line = args.join(' ');
  const rule = given.find(({ has }) => {
    let at = 0;
    return has.every((part) => (at = line.indexOf(part, at)) !== -1);
  });
  if (rule === undefined) return '';
  return typeof rule.answer === 'string' ? rule.answer : (JSON.stringify(rule.answer) ?? '');
}

export function kubectlOf(given: readonly Rule[]): Kubectl {
  return async (args) => ({ stdout: answerTo(args, given), stderr: '' });
}
