/**
 * Sends generated pods to the API server, as dry runs, each to a namespace of which pods are injected and to one like
 * it of which they are not, and prints what differs. A program of its own, since the API server answers only from
 * within the node's network namespace. Arguments: kubeconfig, count, then pairs of namespaces PLAIN=INJECTED.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { apiClient } from '../cluster/apiClient.ts';
import { realReviews } from '../webhook/attackInputs.ts';

export interface FuzzReport {
  readonly sent: number;
  /** By the API server, without injection. */
  readonly accepted: number;
  readonly injected: number;
  /** Pods that are accepted as they are, and refused in a namespace with injection. */
  readonly refused: readonly string[];
  /** Pods of which something was changed. */
  readonly changed: readonly string[];
}

type Json = Record<string, unknown>;

const container = (fields: Json): Json => ({ containers: [{ name: 'app', image: 'app', ...fields }] });
const limits = { cpu: '100m', memory: '64Mi' };
const volumeNames = [
  'data',
  'packet-capture-files',
  'packet-capture-settings',
  'packet-capture-no-token',
  'packet-capture-upload',
  'a'.repeat(63),
];
const places = [
  '/data',
  '/captures',
  '/etc/packet-capture/settings',
  '/var/run/secrets/kubernetes.io/serviceaccount',
  '/',
];

/** What pods have; all valid by itself, and some of it not beside something else. */
const features: readonly Json[] = [
  container({ resources: { limits } }),
  container({ resources: { requests: limits, limits } }),
  container({ resources: { requests: { cpu: '1m' }, limits: { cpu: 1, memory: '1Gi' } } }),
  container({
    resources: { requests: { 'ephemeral-storage': '1Mi' } },
    resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
  }),
  container({ securityContext: { runAsUser: 0, privileged: true } }),
  container({
    restartPolicy: 'Never',
    restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [3] } }],
  }),
  container({
    ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }],
    envFrom: [{ configMapRef: { name: 'x' } }],
    env: Array.from({ length: 300 }, (_, index) => ({ name: `V${index}`, value: 'x' })),
  }),
  ...volumeNames.map((name, index) => ({
    volumes: [{ name, emptyDir: { sizeLimit: '1Gi' } }],
    ...container({ volumeMounts: [{ name, mountPath: places[index] }] }),
  })),
  ...places.map((mountPath) => ({
    volumes: [{ name: 'config', configMap: { name: 'x' } }],
    ...container({ volumeMounts: [{ name: 'config', mountPath, readOnly: true }] }),
  })),
  { volumes: Array.from({ length: 100 }, (_, index) => ({ name: `v${index}`, emptyDir: {} })) },
  { containers: Array.from({ length: 60 }, (_, index) => ({ name: `c${index}`, image: 'app' })) },
  { containers: [{ name: 'packet-capture', image: 'other' }] },
  { initContainers: [{ name: 'init', image: 'init' }] },
  {
    initContainers: [
      { name: 'mesh', image: 'mesh', restartPolicy: 'Always', resources: { limits } },
      { name: 'init', image: 'init' },
    ],
  },
  { initContainers: [{ name: 'packet-capture', image: 'other', restartPolicy: 'Always' }] },
  { initContainers: [{ name: 'packet-capture-mirror', image: 'other' }] },
  { hostNetwork: true },
  { hostPID: true, hostIPC: true },
  { hostUsers: false },
  { shareProcessNamespace: true },
  { os: { name: 'linux' } },
  { os: { name: 'windows' } },
  { nodeSelector: { 'kubernetes.io/os': 'windows' } },
  { resources: { requests: { cpu: '100m', memory: '64Mi' } } },
  { resources: { requests: { cpu: 2 } } },
  { resources: { limits: { cpu: '10m', memory: '8Mi' } } },
  { resources: { limits: { memory: '1Gi' } } },
  container({ resources: { limits: { memory: '64Mi', 'hugepages-2Mi': '4Mi' } } }),
  { resources: { requests: { memory: '64Mi', 'hugepages-2Mi': '4Mi' } } },
  { resources: { requests: limits, limits } },
  {
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 0,
      supplementalGroups: [7],
      supplementalGroupsPolicy: 'Strict',
      seccompProfile: { type: 'Localhost', localhostProfile: 'x.json' },
    },
  },
  {
    securityContext: {
      sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
      fsGroupChangePolicy: 'OnRootMismatch',
      appArmorProfile: { type: 'Unconfined' },
    },
  },
  { restartPolicy: 'Never', activeDeadlineSeconds: 1 },
  { restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 0 },
  { imagePullSecrets: [{ name: 'registry' }, {}] },
  { automountServiceAccountToken: false, serviceAccountName: 'default' },
  { schedulingGates: [{ name: 'example.com/wait' }], readinessGates: [{ conditionType: 'example.com/ready' }] },
  {
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} },
    ],
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } },
  },
  {
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['10.0.0.1'] },
    hostAliases: [{ ip: '10.0.0.2', hostnames: ['x'] }],
    hostname: 'x',
    subdomain: 'y',
    setHostnameAsFQDN: true,
  },
  {
    volumes: [
      {
        name: 'all',
        projected: {
          sources: [
            { serviceAccountToken: { path: 't' } },
            {
              downwardAPI: {
                items: [{ path: 'l', fieldRef: { fieldPath: "metadata.annotations['packet-capture/filter']" } }],
              },
            },
          ],
        },
      },
    ],
  },
  {
    volumes: [
      { name: 'host', hostPath: { path: '/' } },
      {
        name: 'claim',
        ephemeral: {
          volumeClaimTemplate: {
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        },
      },
    ],
  },
  {
    resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }],
    ...container({ resources: { claims: [{ name: 'gpu' }] } }),
  },
];

const values = [
  '',
  '1',
  '16Mi',
  '8191Ti',
  '0',
  '-1',
  '٣',
  'x',
  '1e3',
  '0.5Mi',
  '18446744073709551616',
  'a\nb',
  '"',
  "it's",
  '\u0000',
  'x'.repeat(70_000),
];
const annotations = fc.dictionary(
  fc.constantFrom(
    'packet-capture/file-size',
    'packet-capture/file-count',
    'packet-capture/filter',
    'packet-capture/state',
    'packet-capture/mirror',
    'packet-capture/status',
    'packet-capture/probe',
    'example.com/note',
    'kubernetes.io/config.mirror',
    'bad key',
  ),
  fc.constantFrom(...values),
  { maxKeys: 4 },
);

/** One list from several: the items of all of them, those of the same name put together. */
function together(parts: readonly Json[]): Json {
  const spec: Json = container({});
  for (const part of parts) {
    for (const [key, value] of Object.entries(part)) {
      if (!Array.isArray(value) || !Array.isArray(spec[key])) spec[key] = value;
      else {
        const list = [...(spec[key] as Json[])];
        for (const item of value as Json[]) {
          const at = list.findIndex(({ name }) => name !== undefined && name === item['name']);
          if (at < 0) list.push(item);
          else list[at] = { ...list[at], ...item };
        }
        spec[key] = list;
      }
    }
  }
  return spec;
}

const generated = fc.record({ parts: fc.subarray([...features], { maxLength: 4 }), annotations }).map((made): Json => ({
  metadata: { generateName: 'fuzz-', annotations: { ...made.annotations, 'packet-capture/inject': 'true' } },
  spec: together(made.parts),
}));

/** Real ones, of which a field is gone or another value. */
const changed = fc
  .tuple(
    fc.nat(3),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom<unknown>(undefined, null, 0, -1, true, '', 'x', [], {})), {
      maxLength: 2,
    }),
    annotations,
  )
  .map(([index, changes, more]): Json => {
    const { request } = JSON.parse(realReviews[index] ?? '{}') as {
      request: { object: { metadata: { annotations: Json }; spec: Json } };
    };
    const pod = {
      metadata: {
        generateName: 'fuzz-',
        annotations: { ...request.object.metadata.annotations, ...more, 'packet-capture/inject': 'true' },
      },
      spec: request.object.spec,
    };
    for (const [place, value] of changes) {
      const holders: Json[] = [];
      const visit = (holder: Json): void => {
        holders.push(holder);
        for (const child of Object.values(holder))
          if (typeof child === 'object' && child !== null) visit(child as Json);
      };
      visit(pod.spec);
      const holder = holders[place % holders.length] ?? {};
      const key = Object.keys(holder)[place % Math.max(Object.keys(holder).length, 1)];
      if (key !== undefined) holder[key] = value;
    }
    return pod;
  });

const [kubeconfig = '', count = '0', ...pairs] = process.argv.slice(2);
const api = await apiClient(kubeconfig);
const report = { sent: 0, accepted: 0, injected: 0, refused: [] as string[], changed: [] as string[] };

async function tryBoth(pod: Json, pair: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Pod', ...pod };
  const [plain, injecting] = await Promise.all(
    pair.split('=').map(async (namespace) => api('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, body)),
  );
  report.sent += 1;
  if (plain?.status !== 201) return;
  report.accepted += 1;
  if (injecting?.status !== 201) return void report.refused.push(`${pair} ${JSON.stringify(pod)}: ${injecting?.text}`);
  const [before, after] = [plain, injecting].map(({ text }) => JSON.parse(text) as { spec: Json });
  if (injecting.text.includes('"packet-capture/status":"{\\"version\\"')) report.injected += 1;
  if (!keeps(before?.spec ?? {}, after?.spec ?? {})) report.changed.push(`${pair} ${JSON.stringify(pod)}`);
}

/** Random names of the service account's token aside, the spec has all that it had. */
function keeps(before: Json, after: Json): boolean {
  const stable = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value ?? null).replaceAll(/kube-api-access-\w{5}/g, 'token')) as unknown;
  return Object.entries(before).every(([key, value]) => {
    const [old, now] = [stable(value), stable(after[key])];
    return Array.isArray(old) && Array.isArray(now)
      ? old.every((item) => now.some((other) => isDeepStrictEqual(item, other)))
      : isDeepStrictEqual(old, now);
  });
}

const atOnce = 6;
await fc.assert(
  fc.asyncProperty(
    fc.array(fc.tuple(fc.oneof(generated, generated, changed), fc.constantFrom(...pairs)), {
      minLength: atOnce,
      maxLength: atOnce,
    }),
    async (batch) => {
      await Promise.all(batch.map(async ([pod, pair]) => tryBoth(pod, pair)));
    },
  ),
  { numRuns: Math.ceil(Number(count) / atOnce) },
);
const result: FuzzReport = report;
console.log(JSON.stringify(result));
process.exit(0);
