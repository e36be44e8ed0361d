import type { ChartOverrides } from '../../../src/chart/index.ts';
import { render, type KubernetesObject } from '../chart/helm.ts';
import { bakedCerts, valueSets } from '../chart/valueSets.ts';

/** Values, and what they are called. */
export interface AuditSet {
  readonly name: string;
  readonly values: ChartOverrides;
}

const policyApi = ['--api-versions', 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy'];

type Json = Readonly<Record<string, unknown>>;

/** Those of the sets that nothing forbids to be together. */
const together = ['high availability', 'targets', 'observed', 'scaled by load', 'placed and extended', 'images'];
const certificates = [
  'defaults',
  'baked',
  'rotating',
  'an existing Secret',
  'an existing Secret, its CA injected',
  'cert-manager with an issuer',
];

/**
 * Everything that users set, one thing at a time and much of it at once, with each source of certificates; and by an
 * admission policy.
 */
export async function auditSets(): Promise<readonly AuditSet[]> {
  const certs = await bakedCerts();
  const sets = valueSets(certs, await bakedCerts('capture', 'chart-other'));
  const of = (name: string): ChartOverrides => sets[name] ?? {};
  const { certs: _none, ...all } = [...together.map(of), { podDisruptionBudget: { maxUnavailable: '' } }].reduce(
    merged,
  );
  const more: Readonly<Record<string, ChartOverrides>> = {
    'the role for attach': { certs, rbac: { attach: true, labels: { team: 'net' } } },
    'no network policies': { certs, networkPolicy: { enabled: false } },
    'narrow network policies': {
      certs,
      targets: [{ namespace: 'chart-shop' }],
      networkPolicy: {
        apiServer: [{ to: [{ ipBlock: { cidr: '192.0.2.10/32' } }], ports: [{ port: 6443, protocol: 'TCP' }] }],
        egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 53, protocol: 'UDP' }] }],
        metricsFrom: [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }],
      },
    },
    'client certificates': { certs, webhook: { clientCA: { secret: 'ca', key: 'ca.pem' } } },
    policy: { injection: { way: 'policy' } },
    'policy, opt out': { injection: { way: 'policy', optOut: true, podSecurity: 'baseline' } },
    'policy, observed': { ...merged(of('observed'), { injection: { way: 'policy' } }), certs: {} },
    ...Object.fromEntries(
      certificates.map((name) => [`much of it, ${name}`, { ...all, rbac: { attach: true }, ...of(name) }]),
    ),
  };
  return Object.entries({ ...sets, ...more }).map(([name, values]) => ({ name, values }));
}

/** Whether the release is an admission policy, which has no pods. */
export function isPolicy({ values }: AuditSet): boolean {
  return values.injection?.way === 'policy';
}

/** Flags of helm for the set: what a cluster of the newest version would tell it. */
export function renderFlags(set: AuditSet): readonly string[] {
  return ['--kube-version', '1.37.0', ...(isPolicy(set) ? policyApi : [])];
}

/** The objects of the chart with these values, as a cluster gets them: with hooks and tests. */
export async function auditObjects(set: AuditSet): Promise<readonly KubernetesObject[]> {
  return render(set.values, { flags: renderFlags(set) });
}

function merged(one: ChartOverrides, other: ChartOverrides): ChartOverrides {
  const both = (a: unknown, b: unknown): unknown =>
    isMap(a) && isMap(b)
      ? { ...a, ...Object.fromEntries(Object.entries(b).map(([key, value]) => [key, both(a[key], value)])) }
      : b;
  return both(one, other) as ChartOverrides;
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
