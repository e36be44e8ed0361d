import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { issueMaterial, servingNames, valuesOfMaterial, type CertsValues } from '../../../src/certificates/index.ts';
import { fullnameOf, type ChartOverrides } from '../../../src/chart/index.ts';

/** Where the value sets are rendered for; the targets' namespaces begin with it. */
export interface Site {
  readonly release: string;
  readonly namespace: string;
}

export const site: Site = { release: 'packet-capture', namespace: 'chart-system' };

/** Namespaces that the value sets name, the release's own left out. */
export const targetNamespaces = ['chart-shop', 'chart-ledger'] as const;
export const otherNamespaces = ['chart-other', 'chart-monitoring'] as const;

/** Certificates for a release that is called as the sets' site says, unless names are overridden. */
export async function bakedCerts(service = fullnameOf(site.release), namespace = site.namespace): Promise<CertsValues> {
  const material = await issueMaterial({ dnsNames: servingNames(service, namespace), now: new Date() });
  return valuesOfMaterial(material).certs;
}

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/**
 * Values that stand for what users do, by name: what holds for the chart must hold with each of them.
 * @param certs of the site, see {@link bakedCerts}
 * @param named those for the service `capture` in the namespace `chart-other`
 */
export function valueSets(certs: CertsValues, named: CertsValues): Readonly<Record<string, ChartOverrides>> {
  const highAvailability = load(
    readFileSync(new URL('../../../chart/values-ha.yaml', import.meta.url), 'utf8'),
  ) as ChartOverrides;
  return {
    defaults: {},
    baked: { certs },
    rotating: {
      certs: {
        ...certs,
        caBundle: `${named.caBundle}${certs.caBundle}`,
        next: { certificate: named.certificate, key: named.key },
      },
    },
    'high availability': { ...highAvailability, certs },
    'an existing Secret': {
      certs: { mode: 'existingSecret', existingSecret: 'injector.tls', caBundle: certs.caBundle },
    },
    'an existing Secret, its CA injected': {
      certs: { mode: 'existingSecret', existingSecret: 'injector-tls' },
      webhook: { annotations: { 'cert-manager.io/inject-ca-from-secret': 'chart-system/injector-tls' } },
    },
    'cert-manager': { certs: { mode: 'certManager' } },
    'cert-manager with an issuer': {
      certs: {
        mode: 'certManager',
        certManager: {
          issuerRef: { name: 'company', kind: 'ClusterIssuer', group: 'cert-manager.io' },
          duration: '24h',
          renewBefore: '8h',
        },
      },
    },
    "the article's keys and sidecar": {
      certs,
      injection: { namespaceLabel: 'sidecar-injector', annotation: 'sidecar-injector-webhook.morven.me/inject' },
      sidecar: {
        containers: [
          { name: 'sidecar-monitor', image: 'docker.io/s1240zsw/centos-packet-agent:v1', stdin: true, tty: true },
        ],
      },
    },
    "a sidecar of the user's own": {
      certs,
      sidecar: {
        containers: [
          {
            name: 'monitor',
            image: 'monitor:1',
            volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
            env: [{ name: 'A', value: 'a: "b"\n# {{ c }}' }],
          },
        ],
        initContainers: [{ name: 'prepare', image: 'monitor:1', restartPolicy: 'Always' }],
        volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }],
      },
    },
    'all settings': {
      certs,
      capture: {
        state: 'idle',
        filter: `tcp port 80 or host 'x' # "no comment" {{ .Values }}: |\n`,
        interfaces: 'eth0,net1',
        snaplen: 128,
        'file-size': 1_048_576,
        'file-count': 1_000_000,
        rotate: '1m30s',
        duration: '24h',
        'packet-count': '5',
        'buffer-size': '8Mi',
        upload: 's3:bucket/prefix',
        stream: '[fd00::1]:57012',
      },
      agent: {
        maxBufferSize: '128Mi',
        allowedSettings: ['state', 'filter'],
        allowedStreams: [],
        allowedMirrors: ['*.lab:*'],
        allowedUploads: ['s3:bucket/*'],
        uploadProxy: 'http://proxy.corp:3128',
        uploadNoProxy: '.corp,10.0.0.0/8',
        uploadCA: 'corp-ca',
        metricsPort: 9464,
        maxVolumeSize: '1Ti',
        resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: 1, memory: 268_435_456 } },
      },
    },
    images: {
      certs,
      global: { imageRegistry: 'registry.example.com:5000', imagePullSecrets: ['global'] },
      image: {
        repository: 'mirror/injector',
        tag: '1.2.3',
        digest,
        pullPolicy: 'Always',
        pullSecrets: [{ name: 'own' }, { name: 'global' }],
      },
      agent: {
        image: {
          registry: 'other.example.com',
          repository: 'mirror/agent',
          digest,
          pullPolicy: 'Never',
          pullSecrets: ['agents'],
        },
      },
    },
    targets: {
      certs,
      targets: [
        { namespace: 'chart-shop', deployments: ['web', 'cart'], statefulSets: ['db'], daemonSets: ['log.agent'] },
        { namespace: 'chart-ledger' },
      ],
      hooks: {
        timeout: '1m',
        activeDeadlineSeconds: 90,
        backoffLimit: 0,
        podLabels: { team: 'net' },
        annotations: { 'example.com/note': 'a' },
        nodeSelector: { pool: 'tools' },
      },
    },
    'targets without hooks': {
      certs,
      targets: [{ namespace: 'chart-shop', deployments: ['web'] }],
      hooks: { enabled: false },
    },
    'opt out, further selectors': {
      certs,
      injection: {
        optOut: true,
        annotation: 'example.com/capture',
        podSecurity: 'baseline',
        namespaceSelector: { matchLabels: { env: 'test' }, matchExpressions: [{ key: 'team', operator: 'Exists' }] },
        objectSelector: {
          matchLabels: { tier: 'web' },
          matchExpressions: [{ key: 'legacy', operator: 'DoesNotExist' }],
        },
        excludedNamespaces: ['kube-system', 'kube-node-lease', 'kube-public', 'payments'],
      },
      webhook: {
        failurePolicy: 'Fail',
        timeoutSeconds: 10,
        reinvocationPolicy: 'Never',
        matchPolicy: 'Exact',
        matchConditions: [
          { name: 'not-a-job', expression: "!has(object.metadata.labels) || !('job-name' in object.metadata.labels)" },
        ],
        port: 8443,
        admissionEnforcer: false,
      },
    },
    observed: {
      certs,
      agent: { metricsPort: 9464 },
      networkPolicy: { enabled: true, metricsFrom: [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }] },
      metrics: {
        port: 9100,
        serviceMonitor: {
          enabled: true,
          namespace: 'chart-monitoring',
          labels: { release: 'prometheus' },
          scrapeTimeout: '10s',
        },
        podMonitor: {
          enabled: true,
          relabelings: [{ action: 'labeldrop', regex: 'pod' }],
          metricRelabelings: [{ action: 'drop', sourceLabels: ['le'], regex: '10' }],
        },
        capturedPods: {
          podMonitor: {
            enabled: true,
            namespace: 'chart-monitoring',
            labels: { release: 'prometheus' },
            scrapeTimeout: '5s',
          },
        },
        prometheusRule: {
          enabled: true,
          alertLabels: { team: 'net', severity: 'none' },
          labels: { release: 'prometheus' },
        },
        dashboard: { enabled: true, namespace: 'chart-monitoring', folder: 'Network' },
      },
    },
    'scaled by load': {
      certs,
      autoscaling: {
        enabled: true,
        minReplicas: 3,
        maxReplicas: 9,
        targetMemoryUtilizationPercentage: 75,
        behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
      },
      podDisruptionBudget: { minAvailable: '50%' },
    },
    'placed and extended': {
      certs,
      replicas: 3,
      strategy: { type: 'Recreate', rollingUpdate: null },
      podDisruptionBudget: { maxUnavailable: 2 },
      nodeSelector: { pool: 'tools' },
      tolerations: [{ key: 'tools', operator: 'Exists' }],
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: 'rack', labelSelector: {} } },
          ],
        },
      },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'rack', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
      ],
      priorityClassName: 'system-cluster-critical',
      schedulerName: 'default-scheduler',
      dnsPolicy: 'Default',
      dnsConfig: { options: [{ name: 'ndots', value: '1' }] },
      hostAliases: [{ ip: '192.0.2.1', hostnames: ['collector'] }],
      extraArgs: ['--drain', '12s'],
      extraEnv: [
        { name: 'NODE_OPTIONS', value: '--max-old-space-size=96' },
        { name: 'TZ', value: 'UTC' },
      ],
      webhook: { clientCA: { configMap: 'api-server-ca' }, limits: { maxConnections: 500, bodyTimeout: '8s' } },
      extraVolumes: [{ name: 'scratch', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
      extraObjects: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: '{{ include "packet-capture.fullname" . }}-extra', namespace: '{{ .Release.Namespace }}' },
          data: { note: 'a: b' },
        },
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-text\n  namespace: {{ .Release.Namespace }}\n',
      ],
    },
    'names, labels and annotations': {
      certs: named,
      injection: { podSecurity: 'restricted' },
      nameOverride: 'tap',
      fullnameOverride: 'capture',
      namespaceOverride: 'chart-other',
      commonLabels: { team: 'net', 'app.kubernetes.io/part-of': 'tools' },
      commonAnnotations: { 'example.com/owner': 'yes' },
      labels: { on: 'deployment' },
      podLabels: { on: 'pod', 'app.kubernetes.io/component': 'mine' },
      podAnnotations: { 'example.com/scrape': 'true' },
      service: {
        labels: { on: 'service' },
        annotations: { 'example.com/lb': 'none' },
        ipFamilyPolicy: 'SingleStack',
        ipFamilies: ['IPv4'],
      },
      serviceAccount: { name: 'tap', annotations: { 'example.com/role': 'none' } },
    },
    'as little as possible': {
      certs,
      replicas: 1,
      podDisruptionBudget: { enabled: false },
      serviceAccount: { create: false },
      hooks: { enabled: false },
      resources: null as never,
      nodeSelector: null as never,
    },
    "on the host's network": {
      certs,
      hostNetwork: true,
      dnsPolicy: 'ClusterFirstWithHostNet',
      webhook: { port: 10_444 },
      metrics: { port: 9190 },
    },
  };
}
