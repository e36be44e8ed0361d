import { templatePath } from './api/kinds.ts';
import type { Metadata, OwnerReference, WorkloadObject } from './api/types.ts';

/** The owner whose controller manages this object; undefined without one. */
export function controllerOf({ ownerReferences }: Metadata): OwnerReference | undefined {
  return ownerReferences?.find(({ controller }) => controller === true);
}

/** Kinds that select pods by labels and manage them. */
const podControllers = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicationController'];

/** The label with the end of its ReplicaSet's name, which a Deployment gives to its pods. */
const hashLabel = 'pod-template-hash';

/**
 * True for a pod that has the labels of a workload, and is managed by another one. It happens when two selectors
 * overlap: `app=web` of a Deployment selects the pods of a canary with `app=web,track=canary` too. A Deployment calls
 * its ReplicaSets NAME-HASH (kubernetes/kubernetes, pkg/controller/deployment/sync.go: getNewReplicaSet), so nothing
 * else needs to be read. False when it can't be told: for a pod without a controller, and for custom kinds.
 * @param workload whatever selects the pod: a workload of any kind, or a Service, whose pods are anyone's
 */
export function managedByAnother(
  workload: Pick<WorkloadObject, 'apiVersion' | 'kind' | 'metadata'>,
  pod: Metadata,
): boolean {
  const owner = controllerOf(pod);
  if (owner === undefined || !podControllers.includes(workload.kind)) return false;
  if (templatePath(workload.apiVersion, workload.kind) === undefined) return false;
  const { name } = workload.metadata;
  if (workload.kind !== 'Deployment') return owner.kind !== workload.kind || owner.name !== name;
  if (owner.kind !== 'ReplicaSet') return true;
  const hash = pod.labels?.[hashLabel];
  return hash !== undefined && owner.name.endsWith(`-${hash}`) && owner.name !== `${name}-${hash}`;
}

/** What to do instead of changing an object that a controller owns: one sentence. */
export function ownerHint({ apiVersion, kind, name }: OwnerReference): string {
  const owner = `${kind.toLowerCase()}/${name}`;
  return templatePath(apiVersion, kind) === undefined
    ? `The controller of ${owner} would restore its own pod template: inject by the webhook, or through ${owner} itself.`
    : `Name its owner: ${owner}.`;
}

interface DeliveryTool {
  readonly name: string;
  readonly owns: (metadata: Metadata) => boolean;
  readonly consequence: string;
  readonly advice: string;
}

const has = (map: Readonly<Record<string, string>> | undefined, ...keys: readonly string[]): boolean =>
  keys.some((key) => map?.[key] !== undefined);

const manages = ({ managedFields }: Metadata, manager: string): boolean =>
  managedFields?.some((entry) => entry.manager === manager) === true;

const inGit = 'To make it last, change the manifest in Git: `packet-capture inject -f`.';

/**
 * Tools that compare the cluster with a source, such as Git, and how their objects are recognized. A HelmRelease of
 * Flux is recognized as Helm's too; then Helm is not named, see {@link deliveryWarnings}.
 */
const tools: readonly DeliveryTool[] = [
  {
    name: 'Argo CD',
    owns: (metadata) =>
      has(metadata.annotations, 'argocd.argoproj.io/tracking-id', 'argocd.argoproj.io/instance') ||
      has(metadata.labels, 'argocd.argoproj.io/instance') ||
      manages(metadata, 'argocd-controller'),
    consequence: 'shows the change as drift, and reverts it at once where self-heal is on',
    advice: `${inGit} To keep it here, let the Application ignore the field manager packet-capture (ignoreDifferences).`,
  },
  {
    name: 'Flux (Kustomization)',
    owns: (metadata) =>
      has(metadata.labels, 'kustomize.toolkit.fluxcd.io/name') || manages(metadata, 'kustomize-controller'),
    consequence: 'may revert the change at its next reconciliation',
    advice: inGit,
  },
  {
    name: 'Flux (HelmRelease)',
    owns: (metadata) => has(metadata.labels, 'helm.toolkit.fluxcd.io/name') || manages(metadata, 'helm-controller'),
    consequence: 'may revert the change at its next reconciliation or upgrade',
    advice: 'To make it last, inject in a post-renderer of the HelmRelease, or change the chart.',
  },
  {
    name: 'Helm',
    // Helm itself requires both (helm.sh/helm pkg/action/validate.go).
    owns: ({ labels, annotations }) =>
      labels?.['app.kubernetes.io/managed-by'] === 'Helm' && has(annotations, 'meta.helm.sh/release-name'),
    consequence: 'does not know of the change, so the next upgrade may revert it',
    advice: 'To make it last, inject as a post-renderer: `packet-capture inject -f -` after `helm template`.',
  },
];

/** One warning for each tool that manages the workload: what it does with the change, and what to do instead. */
export function deliveryWarnings({ metadata }: WorkloadObject): string[] {
  const owning = tools.filter(({ owns }) => owns(metadata));
  const several = owning.length > 1 ? owning.filter(({ name }) => name !== 'Helm') : owning;
  return several.map(({ name, consequence, advice }) => `${name} manages this workload and ${consequence}. ${advice}`);
}
