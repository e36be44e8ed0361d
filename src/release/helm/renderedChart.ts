import { parse } from 'yaml';
import { readSidecarConfig, type SidecarConfig } from '../../sidecar/index.ts';
import type { Helm } from './helm.ts';
import { fieldsOf, type Values } from './releaseValues.ts';
import { nameOfObject, objectsOf, type ManifestObject } from './renderedObjects.ts';

/** The metadata of a chart. */
export interface ChartFacts {
  readonly name: string;
  readonly version: string;
  /** Its default values. */
  readonly values: Values;
}

/** @throws HELM_FAILED when there is no chart */
export async function readChart(helm: Helm, chart: string): Promise<ChartFacts> {
  const [description, defaults] = await Promise.all([
    helm.run(['show', 'chart', chart]),
    helm.run(['show', 'values', chart]),
  ]);
  const { name, version } = fieldsOf(parse(description));
  return { name: String(name), version: String(version), values: fieldsOf(parse(defaults)) };
}

/** What `helm template` renders. */
export interface RenderRequest {
  readonly release: string;
  readonly chart: string;
  readonly values: Values;
  /** The version of the API server, which the chart may refuse. */
  readonly kubernetes: string;
}

/**
 * API versions that templates may ask for: all that the chart needs, because the preflight reports missing ones itself.
 */
export const policyKind = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicy' } as const;

/** Renders without the cluster, so that it needs no rights. @throws HELM_FAILED when the chart refuses the values */
export async function render(
  helm: Helm,
  { release, chart, values, kubernetes }: RenderRequest,
): Promise<ManifestObject[]> {
  const flags = [
    '--values=-',
    `--kube-version=${kubernetes}`,
    `--api-versions=${policyKind.apiVersion}/${policyKind.kind}`,
    '--api-versions=apiregistration.k8s.io/v1',
    '--skip-tests',
  ];
  const text = await helm.run(['template', release, chart, ...flags], { input: JSON.stringify(values) });
  return inNamespace(objectsOf(text), helm.namespace);
}

/** Cluster-wide kinds that the chart may have; every other object without a namespace goes into the release's. */
const clusterWide: readonly string[] = [
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'ClusterRole',
  'ClusterRoleBinding',
  'Namespace',
  'CustomResourceDefinition',
  'PriorityClass',
  'ClusterIssuer',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
];

/** Gives each object the namespace that helm would create it in. */
export function inNamespace(objects: readonly ManifestObject[], namespace: string): ManifestObject[] {
  return objects.map((object) => {
    if (object.metadata.namespace !== undefined || clusterWide.includes(object.kind)) return object;
    return { ...object, metadata: { ...object.metadata, namespace } };
  });
}

/**
 * The Service that the API server calls, whose name the certificate gets. For a policy, which has no Service: the
 * prefix of the names of the release's objects, and their namespace.
 */
export interface WebhookService {
  readonly name: string;
  readonly namespace: string;
}

interface Webhook {
  readonly name?: string;
  readonly failurePolicy?: string;
  readonly clientConfig?: { readonly caBundle?: string; readonly service?: WebhookService };
}

/**
 * A webhook of a release. Without `service` it is called by a URL. `failurePolicy` has the API server's default, Fail.
 */
export interface WebhookFacts {
  /** The MutatingWebhookConfiguration. */
  readonly configuration: string;
  readonly name: string;
  readonly failurePolicy: string;
  readonly service: WebhookService | undefined;
}

/** All webhooks of the objects. */
export function webhooksOf(objects: readonly ManifestObject[]): WebhookFacts[] {
  return objects
    .filter(({ kind }) => kind === 'MutatingWebhookConfiguration')
    .flatMap(({ metadata, ...rest }) =>
      ((rest['webhooks'] ?? []) as readonly Webhook[]).map(({ name = '', failurePolicy = 'Fail', clientConfig }) => ({
        configuration: metadata.name,
        name,
        failurePolicy,
        service: clientConfig?.service,
      })),
    );
}

/**
 * An admission policy of a release, and the names of its bindings. `failurePolicy` has the API server's default, Fail.
 */
export interface PolicyFacts {
  readonly name: string;
  readonly failurePolicy: string;
  readonly bindings: readonly string[];
}

interface PolicySpec {
  readonly failurePolicy?: string;
  /** Of a binding. */
  readonly policyName?: string;
}

/** All admission policies among the objects. */
export function policiesOf(objects: readonly ManifestObject[]): PolicyFacts[] {
  const bindings = objects.filter(({ kind }) => kind === `${policyKind.kind}Binding`);
  const specOf = ({ spec }: ManifestObject): PolicySpec => fieldsOf(spec);
  return objects
    .filter(({ kind }) => kind === policyKind.kind)
    .map((policy) => ({
      name: policy.metadata.name,
      failurePolicy: specOf(policy).failurePolicy ?? 'Fail',
      bindings: bindings
        .filter((binding) => specOf(binding).policyName === policy.metadata.name)
        .map(({ metadata }) => metadata.name),
    }));
}

/** The namespace and the name prefix of a release, from its objects; undefined when none of them injects. */
export function serviceOf(objects: readonly ManifestObject[]): WebhookService | undefined {
  const called = webhooksOf(objects).find(({ service }) => service !== undefined)?.service;
  if (called !== undefined) return called;
  // The chart's cluster-wide objects are named NAME.NAMESPACE, and neither part has a dot.
  const [name, namespace, ...rest] = policiesOf(objects)[0]?.name.split('.') ?? [];
  return name === undefined || namespace === undefined || rest.length > 0 ? undefined : { name, namespace };
}

/** The Secret with the serving certificate, if the chart creates it. */
export function certificateSecretOf(objects: readonly ManifestObject[]): ManifestObject | undefined {
  return objects.find((object) => object.kind === 'Secret' && object['type'] === 'kubernetes.io/tls');
}

interface PodSpec {
  readonly containers?: readonly { readonly name?: string; readonly image?: string }[];
}

/** The sidecar of a webhook's release; undefined when none of its ConfigMaps has it. @throws SIDECAR_CONFIG_INVALID */
export function sidecarConfigOf(objects: readonly ManifestObject[]): SidecarConfig | undefined {
  const maps = objects.filter(({ kind }) => kind === 'ConfigMap');
  const [found] = maps.flatMap((object) => {
    const text = fieldsOf(object['data'])['sidecarconfig.yaml'];
    return typeof text === 'string' ? [{ text, where: nameOfObject(object) }] : [];
  });
  return found === undefined ? undefined : readSidecarConfig(parse(found.text, { version: '1.1' }), found.where);
}

/** The images that nodes must be able to pull for a release. */
export interface Images {
  /** The image of the Deployment; a policy has none. */
  readonly injector?: string;
  /** The images that are injected: the agent's, or those of the custom sidecar. */
  readonly sidecars: readonly string[];
}

/** The images that a release runs and injects. */
export function imagesOf(objects: readonly ManifestObject[]): Images {
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  const pod = fieldsOf(fieldsOf(fieldsOf(deployment?.['spec'])['template'])['spec']) as PodSpec;
  const data = objects.filter(({ kind }) => kind === 'ConfigMap').map((object) => fieldsOf(object['data']));
  const config = data.map((keys) => keys['sidecarconfig.yaml']).find((text) => typeof text === 'string');
  const sidecar = config === undefined ? {} : fieldsOf(parse(config, { version: '1.1' }));
  const own = ['containers', 'initContainers'].flatMap((list) =>
    Array.isArray(sidecar[list]) ? (sidecar[list] as unknown[]) : [],
  );
  const parameters = data.filter(({ profile }) => profile === 'privileged');
  const images = [fieldsOf(sidecar['agent']), ...own.map(fieldsOf), ...parameters].map(({ image }) => image);
  const injector = pod.containers?.[0]?.image;
  return {
    ...(injector === undefined ? {} : { injector }),
    sidecars: images.filter((image) => typeof image === 'string'),
  };
}
