/**
 * A value for each place that takes a part of a Kubernetes object, with a scalar of every kind that may stand there:
 * the API server takes each of them (test/cluster/chart.test.ts), and none of them with a scalar of another type.
 */
const resources = {
  requests: { cpu: 0.5, memory: '64Mi' },
  limits: { cpu: '1', memory: 268_435_456, 'example.com/device': '1' },
  claims: [{ name: 'claim', request: 'one' }],
};
const labelSelector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', '1'] }],
};
const tolerations = [{ key: 'tools', operator: 'Equal', value: 'yes', effect: 'NoExecute', tolerationSeconds: 30 }];
const nodeSelector = { 'kubernetes.io/os': 'linux', pool: '1' };
const identity = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' },
  appArmorProfile: { type: 'Localhost', localhostProfile: 'a' },
  seLinuxOptions: { user: 'u', role: 'r', type: 't', level: 's0:c1,c2' },
};
const securityContext = {
  ...identity,
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  procMount: 'Default',
  capabilities: { add: ['NET_RAW'], drop: ['ALL'] },
};

const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.name' };
const resourceFieldRef = { containerName: 'extra', resource: 'limits.cpu', divisor: '1m' };
const env = [
  { name: 'PLAIN', value: 'yes' },
  { name: 'FIELD', valueFrom: { fieldRef } },
  { name: 'RESOURCE', valueFrom: { resourceFieldRef } },
  { name: 'MAP', valueFrom: { configMapKeyRef: { name: 'map', key: 'key', optional: true } } },
  { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'secret', key: 'key', optional: true } } },
];

const probe = { initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 3, successThreshold: 1, failureThreshold: 4 };
const httpGet = { path: '/', host: 'localhost', scheme: 'HTTP', port: 80, httpHeaders: [{ name: 'A', value: '1' }] };
const volumeMounts = [
  {
    name: 'scratch',
    mountPath: '/scratch',
    subPath: 'a',
    mountPropagation: 'None',
    recursiveReadOnly: 'Disabled',
    readOnly: true,
  },
];
const containers = [
  {
    name: 'extra',
    image: 'registry.example/extra:1',
    imagePullPolicy: 'Always',
    workingDir: '/',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    command: ['sleep', '1'],
    args: ['2'],
    stdin: true,
    stdinOnce: true,
    tty: true,
    env,
    envFrom: [
      { prefix: 'P_', configMapRef: { name: 'map', optional: true } },
      { secretRef: { name: 'secret', optional: true } },
    ],
    ports: [{ containerPort: 8080, name: 'http', protocol: 'TCP' }],
    resources,
    resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
    volumeMounts,
    volumeDevices: [{ name: 'device', devicePath: '/dev/x' }],
    livenessProbe: { ...probe, terminationGracePeriodSeconds: 5, httpGet },
    readinessProbe: { ...probe, exec: { command: ['true'] } },
    startupProbe: { ...probe, tcpSocket: { host: 'localhost', port: 'http' } },
    lifecycle: { postStart: { exec: { command: ['true'] } }, preStop: { sleep: { seconds: 1 } } },
    securityContext,
  },
];

const items = [{ key: 'a', path: 'b', mode: 256 }];
const volumes = [
  { name: 'scratch', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  { name: 'map', configMap: { name: 'map', items, optional: true, defaultMode: 288 } },
  { name: 'secret', secret: { secretName: 'secret', items, optional: true, defaultMode: 288 } },
  {
    name: 'downward',
    downwardAPI: {
      defaultMode: 288,
      items: [
        { path: 'a', fieldRef, mode: 256 },
        { path: 'b', resourceFieldRef, mode: 256 },
      ],
    },
  },
  {
    name: 'projected',
    projected: {
      defaultMode: 288,
      sources: [
        { configMap: { name: 'map', items, optional: true } },
        { secret: { name: 'secret', items: [{ key: 'a', path: 'd', mode: 256 }], optional: true } },
        { downwardAPI: { items: [{ path: 'c', fieldRef }] } },
        { serviceAccountToken: { audience: 'a', path: 'token', expirationSeconds: 600 } },
      ],
    },
  },
  { name: 'device', persistentVolumeClaim: { claimName: 'claim', readOnly: true } },
  { name: 'host', hostPath: { path: '/', type: 'Directory' } },
  { name: 'nfs', nfs: { server: 's', path: '/', readOnly: true } },
  {
    name: 'csi',
    csi: {
      driver: 'd.example',
      fsType: 'ext4',
      readOnly: true,
      volumeAttributes: { a: '1' },
      nodePublishSecretRef: { name: 'secret' },
    },
  },
  { name: 'image', image: { reference: 'registry.example/data:1', pullPolicy: 'Always' } },
];

const podTerm = {
  topologyKey: 'rack',
  labelSelector,
  namespaceSelector: labelSelector,
  namespaces: ['shop'],
  matchLabelKeys: ['one'],
  mismatchLabelKeys: ['other'],
};
const nodeTerm = {
  matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['4'] }],
  matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }],
};
const podTerms = {
  requiredDuringSchedulingIgnoredDuringExecution: [podTerm],
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: podTerm }],
};
const relabelings = [
  {
    sourceLabels: ['le'],
    separator: ';',
    targetLabel: 'shard',
    regex: '10',
    replacement: '$1',
    action: 'hashmod',
    modulus: 8,
  },
];
const target = { type: 'Value', value: '10' };
const metric = { name: 'requests', selector: labelSelector };

export const kubernetesValues = {
  'agent.resources': resources,
  resources,
  'hooks.resources': resources,
  'sidecar.containers': containers,
  'sidecar.initContainers': containers,
  'sidecar.volumes': volumes,
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: '25%' } },
  'autoscaling.metrics': [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
    {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'injector', target: { type: 'AverageValue', averageValue: '1' } },
    },
    { type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: 1 } } },
    {
      type: 'Object',
      object: {
        describedObject: { apiVersion: 'v1', kind: 'Service', name: 'web' },
        metric,
        target: { type: 'Value', value: '10' },
      },
    },
    { type: 'External', external: { metric, target } },
  ],
  'autoscaling.behavior': {
    scaleUp: {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }],
    },
    scaleDown: {
      stabilizationWindowSeconds: 300,
      selectPolicy: 'Min',
      tolerance: '0.1',
      policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }],
    },
  },
  'probes.liveness': { ...probe, terminationGracePeriodSeconds: 5 },
  'probes.readiness': probe,
  'probes.startup': { ...probe, httpGet },
  nodeSelector,
  'hooks.nodeSelector': nodeSelector,
  tolerations,
  'hooks.tolerations': tolerations,
  'hooks.podSecurityContext': { ...identity, fsGroup: 1000 },
  'hooks.securityContext': securityContext,
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodeTerm] },
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: nodeTerm }],
    },
    podAffinity: podTerms,
    podAntiAffinity: podTerms,
  },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      minDomains: 2,
      topologyKey: 'rack',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector,
      nodeAffinityPolicy: 'Honor',
      nodeTaintsPolicy: 'Ignore',
      matchLabelKeys: ['rack'],
    },
  ],
  dnsConfig: { nameservers: ['192.0.2.1'], searches: ['example'], options: [{ name: 'ndots', value: '1' }] },
  podSecurityContext: {
    ...identity,
    fsGroup: 1000,
    supplementalGroups: [1001],
    fsGroupChangePolicy: 'OnRootMismatch',
    supplementalGroupsPolicy: 'Merge',
    sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '1024 65535' }],
  },
  securityContext,
  extraEnv: env,
  extraVolumes: volumes,
  extraVolumeMounts: volumeMounts,
  extraContainers: containers,
  hostAliases: [{ ip: '192.0.2.1', hostnames: ['collector'] }],
  'networkPolicy.metricsFrom': [
    { podSelector: labelSelector, namespaceSelector: labelSelector },
    { ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.1/32'] } },
  ],
  'networkPolicy.egress': [
    { to: [{ podSelector: labelSelector }], ports: [{ port: 53, endPort: 54, protocol: 'UDP' }, { port: 'https' }] },
  ],
  'networkPolicy.apiServer': [
    { to: [{ ipBlock: { cidr: '192.0.2.10/32' } }], ports: [{ port: 6443, protocol: 'TCP' }] },
  ],
  'metrics.serviceMonitor.relabelings': relabelings,
  'metrics.serviceMonitor.metricRelabelings': relabelings,
  'metrics.podMonitor.relabelings': relabelings,
  'metrics.podMonitor.metricRelabelings': relabelings,
  'metrics.capturedPods.podMonitor.relabelings': relabelings,
  'metrics.capturedPods.podMonitor.metricRelabelings': relabelings,
} as const;

/** The same for values whose every key is known, where a scalar of another type is as wrong. */
export const typedValues = {
  'injection.namespaceSelector': labelSelector,
  'injection.objectSelector': labelSelector,
  'injection.excludedNamespaces': ['kube-system'],
  'injection.skipRuntimeClasses': ['gvisor'],
  targets: [{ namespace: 'shop', deployments: ['web'], statefulSets: ['db'], daemonSets: ['log'] }],
  'webhook.matchConditions': [{ name: 'a', expression: 'true' }],
  'certs.certManager.issuerRef': { name: 'a', kind: 'Issuer', group: 'cert-manager.io' },
  'agent.allowedSettings': ['state', 'filter'],
  'agent.allowedStreams': ['collector.obs:57012'],
  'agent.allowedMirrors': ['*.obs:4789'],
  'agent.allowedUploads': ['s3:captures/*'],
  'agent.securityContext.seccompProfile': { type: 'RuntimeDefault' },
  'service.ipFamilies': ['IPv4'],
  'metrics.capturedPods.podMonitor.namespaces': ['shop'],
  extraArgs: ['--drain', '12s'],
} as const;
