import { podSecurityLabel } from '../../inject/index.ts';
import { termsOf } from '../../kubernetes/api/labels.ts';
import type {
  LabelSelector,
  Metadata,
  MatchCondition,
  ServiceReference,
  Webhook,
  WebhookConfiguration,
} from '../../kubernetes/api/types.ts';
import { injectAnnotation } from '../../settings/index.ts';
import type { SidecarConfig } from '../../sidecar/index.ts';
import { instanceLabel, webhookNames } from '../../ways/webhook/names.ts';

/** A rule of a release: pods that meet all of it are injected with the sidecar of that Pod Security level. */
export interface Rule {
  readonly profile: 'privileged' | 'baseline';
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  readonly matchConditions: readonly MatchCondition[];
}

/** A release as it is registered with the API server; Helm's record is not read. */
export interface Release {
  readonly way: 'webhook' | 'policy';
  /** The name of the Helm release; the object's name when Helm did not make it. */
  readonly name: string;
  /** The namespace of the Helm release; that of the Service when Helm did not make it. */
  readonly namespace: string;
  /** The MutatingWebhookConfiguration or MutatingAdmissionPolicy. */
  readonly object: string;
  /** RFC 3339. */
  readonly created: string;
  /** Undefined when no label has it. */
  readonly version: string | undefined;
  /** The annotation by which a pod asks for injection. */
  readonly annotation: string;
  readonly optOut: boolean;
  /** The label by which a namespace opts in; undefined when no selector asks for one. */
  readonly namespaceLabel: string | undefined;
  readonly failurePolicy: string;
  readonly rules: readonly Rule[];
  /** Only for the webhook. */
  readonly service?: ServiceReference | undefined;
  /** PEM. */
  readonly caBundle?: string | undefined;
  /** Labels and namespace of its probe; undefined when it has no probe. */
  readonly probe?: { readonly release: string; readonly namespace: string } | undefined;
  /** Only for the policy. */
  readonly parameters?: PolicyParameters;
}

/** A release and the sidecar that it injects. */
export interface ReleaseFacts {
  readonly release: Release;
  /** Undefined when it cannot be read: then it is assumed to be the agent. */
  readonly sidecar: SidecarConfig | undefined;
}

/** What the ConfigMaps of a policy contain. */
export interface PolicyParameters {
  /** `configmap/NAME in NAMESPACE` of those that cannot be found. */
  readonly missing: readonly string[];
  readonly sidecar: SidecarConfig | undefined;
  /** Containers of a custom sidecar. */
  readonly customNames: readonly string[];
}

/**
 * The releases among these configurations. They are recognized by the names of their webhooks: labels can be
 * overridden.
 */
export function webhookReleases(configurations: readonly WebhookConfiguration[]): Release[] {
  return configurations.flatMap(({ metadata, webhooks = [] }) => {
    const rules = (['privileged', 'baseline'] as const).flatMap((profile) =>
      webhooks.filter(({ name }) => name === webhookNames[profile]).map((webhook) => ({ profile, webhook })),
    );
    const [first] = rules;
    const probe = webhooks.find(({ name }) => name === webhookNames.probe);
    return first === undefined ? [] : [webhookRelease(metadata, first.webhook, rules, probe)];
  });
}

interface Found {
  readonly profile: Rule['profile'];
  readonly webhook: Webhook;
}

function webhookRelease(
  metadata: Metadata,
  first: Webhook,
  found: readonly Found[],
  probe: Webhook | undefined,
): Release {
  const { service, caBundle } = first.clientConfig ?? {};
  const rules = found.map(({ profile, webhook }) => ruleOf(profile, webhook));
  return {
    way: 'webhook',
    ...identityOf(metadata, service?.namespace ?? ''),
    ...optInOf(rules),
    failurePolicy: first.failurePolicy ?? 'Fail',
    rules,
    service,
    caBundle: caBundle === undefined ? undefined : Buffer.from(caBundle, 'base64').toString(),
    probe:
      probe === undefined
        ? undefined
        : { release: probe.objectSelector?.matchLabels?.[instanceLabel] ?? '', namespace: service?.namespace ?? '' },
  };
}

function ruleOf(
  profile: Rule['profile'],
  { namespaceSelector = {}, objectSelector = {}, matchConditions = [] }: Webhook,
): Rule {
  return { profile, namespaceSelector, objectSelector, matchConditions };
}

/** The labels and annotations that Helm and the chart set on an object. */
export function identityOf(
  metadata: Metadata,
  otherwise: string,
): Pick<Release, 'name' | 'namespace' | 'object' | 'created' | 'version'> {
  const { name, labels = {}, annotations = {}, creationTimestamp = '' } = metadata;
  return {
    name: annotations['meta.helm.sh/release-name'] ?? labels[instanceLabel] ?? name,
    namespace: annotations['meta.helm.sh/release-namespace'] ?? otherwise,
    object: name,
    created: creationTimestamp,
    version: labels['app.kubernetes.io/version'],
  };
}

/** The keys by which namespaces and pods ask for injection, from the chart's selectors and conditions. */
function optInOf(rules: readonly Rule[]): Pick<Release, 'annotation' | 'optOut' | 'namespaceLabel'> {
  const conditions = rules.flatMap(({ matchConditions }) => matchConditions);
  const asking = conditions.find(({ name }) => name.endsWith('/opted-in'));
  const refusing = conditions.find(({ name }) => name.endsWith('/not-opted-out'));
  return {
    annotation: annotationOf(asking ?? refusing) ?? injectAnnotation,
    optOut: asking === undefined && refusing !== undefined,
    namespaceLabel: namespaceLabelOf(rules),
  };
}

/** The label by which namespaces opt in, with the value "enabled". */
export function namespaceLabelOf(rules: readonly Rule[]): string | undefined {
  const terms = rules.flatMap(({ namespaceSelector }) => termsOf(namespaceSelector));
  return terms.find(
    ({ key, operator, values }) =>
      key !== podSecurityLabel && operator === 'In' && values.length === 1 && values[0] === 'enabled',
  )?.key;
}

/** The key in `object.metadata.annotations["KEY"]`. */
function annotationOf(condition: MatchCondition | undefined): string | undefined {
  return /object\.metadata\.annotations\[["']([^"']+)["']\]/.exec(condition?.expression ?? '')?.[1];
}
