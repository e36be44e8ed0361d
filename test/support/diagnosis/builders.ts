import type { Subject } from '../../../src/diagnosis/judge/conditions.ts';
import { webhookReleases, type Release } from '../../../src/diagnosis/read/releases.ts';
import type { ReleaseState } from '../../../src/diagnosis/read/releaseState.ts';
import { levelTerms } from '../../../src/inject/index.ts';
import type { Pod, Namespace, WebhookConfiguration, WorkloadObject } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig, type AssumedLevel } from '../../../src/sidecar/index.ts';

/** As the chart registers it, for a label and an annotation. */
export function configuration(
  label = 'packet-capture/injection',
  annotation = 'packet-capture/inject',
  optOut = false,
  assumed: AssumedLevel = 'auto',
): WebhookConfiguration {
  const asked = `object.metadata.annotations["${annotation}"]`;
  const matchConditions = optOut
    ? [
        {
          name: 'packet-capture/not-opted-out',
          expression: `!has(object.metadata.annotations) || !("${annotation}" in object.metadata.annotations) || ${asked} != 'false'`,
        },
      ]
    : [
        {
          name: 'packet-capture/opted-in',
          expression: `has(object.metadata.annotations) && "${annotation}" in object.metadata.annotations && ${asked} == 'true'`,
        },
      ];
  const clientConfig = { service: { name: 'capture', namespace: 'system' } };
  const webhook = (
    name: string,
    operator: string,
    values: readonly string[],
  ): NonNullable<WebhookConfiguration['webhooks']>[number] => ({
    name,
    failurePolicy: 'Ignore',
    clientConfig,
    matchConditions,
    objectSelector: {},
    namespaceSelector: {
      matchExpressions: [
        { key: label, operator: 'In', values: ['enabled'] },
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['system', 'kube-system'] },
        { key: 'pod-security.kubernetes.io/enforce', operator, values },
        { key: 'control-plane', operator: 'NotIn', values: ['true'] },
      ],
    },
  });
  const { privileged, baseline } = levelTerms(assumed);
  return {
    metadata: {
      name: 'capture.system',
      creationTimestamp: '2026-11-20T10:00:00Z',
      labels: { 'app.kubernetes.io/version': '0.1.0' },
      annotations: { 'meta.helm.sh/release-name': 'capture', 'meta.helm.sh/release-namespace': 'system' },
    },
    webhooks: [
      webhook('injector.packet-capture.internal', privileged.operator, privileged.values),
      webhook('baseline.injector.packet-capture.internal', baseline.operator, baseline.values),
      {
        name: 'probe.injector.packet-capture.internal',
        clientConfig,
        objectSelector: { matchLabels: { 'app.kubernetes.io/instance': 'capture' } },
      },
    ],
  };
}

export function release(...args: Parameters<typeof configuration>): Release {
  const [found] = webhookReleases([configuration(...args)]);
  if (found === undefined) throw new Error('the configuration is no release');
  return found;
}

export function stateOf(of: Release = release(), rest: Partial<ReleaseState> = {}): ReleaseState {
  return { release: of, sidecar: defaultSidecarConfig, probed: { injected: true }, ...rest };
}

export const optedIn = { 'kubernetes.io/metadata.name': 'shop', 'packet-capture/injection': 'enabled' };

export const asking = { 'packet-capture/inject': 'true' };

export function pod(
  annotations: Readonly<Record<string, string>> = asking,
  spec: NonNullable<Pod['spec']> = {},
  labels: Readonly<Record<string, string>> = {},
): Pod {
  return {
    metadata: { name: 'web-1', namespace: 'shop', creationTimestamp: '2026-11-21T10:00:00Z', annotations, labels },
    spec: { containers: [{ name: 'app', image: 'app' }], ...spec },
    status: { phase: 'Running' },
  };
}

export function subject(of: Pod = pod(), rest: Partial<Subject> = {}): Subject {
  return { pod: of, namespace: 'shop', namespaceLabels: optedIn, owners: [], ...rest };
}

/** A Deployment whose template and own metadata have these annotations. */
export function deployment(
  template: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>> = {},
): WorkloadObject {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', annotations: own },
    spec: { replicas: 1, template: { metadata: { annotations: template }, spec: { containers: [{ name: 'app' }] } } },
  };
  return object;
}

export function namespace(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
): Namespace {
  return { metadata: { name: 'shop', labels: { 'kubernetes.io/metadata.name': 'shop', ...labels }, annotations } };
}
