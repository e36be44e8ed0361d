import { createHash } from 'node:crypto';
import { planRemoval, withoutRemoved } from '../inject/index.ts';
import type { PodTemplate, Volume, WorkloadObject } from '../kubernetes/api/types.ts';
import { injectAnnotation } from '../settings/index.ts';
import { containerNames, defaultSidecarConfig, type SidecarConfig } from '../sidecar/index.ts';

/** What the API server is asked for. */
export interface PodManifest extends PodTemplate {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
}

type Owning = Pick<WorkloadObject, 'apiVersion' | 'kind' | 'spec'> & {
  readonly metadata: Pick<WorkloadObject['metadata'], 'name' | 'uid' | 'ownerReferences'>;
};

/**
 * The manifest of a pod as the workload's controller would make it from a template, with everything that admission may
 * read, such as labels, owner, claims and tolerations. For a pod: another pod like it, with a different name and not on
 * the same node.
 * @see pkg/controller/controller_utils.go (GetPodFromTemplate), pkg/controller/statefulset/stateful_set_utils.go,
 * pkg/controller/daemon/util/daemonset_util.go, pkg/controller/job/job_controller.go in kubernetes/kubernetes
 */
export function podOf(object: Owning, { metadata, spec }: PodTemplate): PodManifest {
  const made = madeBy(object);
  const { nodeName: _node, ephemeralContainers: _debuggers, ...rest } = spec ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: made.generateName,
      labels: { ...metadata?.labels, ...made.labels },
      annotations: { ...metadata?.annotations },
      ...(made.owners.length === 0 ? {} : { ownerReferences: made.owners }),
    },
    spec: { ...(object.kind === 'Pod' ? rest : spec), ...made.spec?.(spec ?? {}) },
  };
}

/** False, because blocking the deletion of an owner needs a right of its own (OwnerReferencesPermissionEnforcement). */
function withoutBlocking(reference: object): object {
  const { blockOwnerDeletion: _blocking, ...rest } = reference as { readonly blockOwnerDeletion?: boolean };
  return rest;
}

interface Made {
  readonly generateName: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owners: readonly object[];
  readonly spec?: (spec: NonNullable<PodTemplate['spec']>) => NonNullable<PodTemplate['spec']>;
}

/** Any value will do: nothing is stored, so no controller and no garbage collector sees it. */
const noUid = '00000000-0000-4000-8000-000000000000';

function madeBy(object: Owning): Made {
  const { apiVersion, kind } = object;
  const { name, uid = noUid } = object.metadata;
  const plain: Made = { generateName: `${name}-`, owners: [ownerOf(apiVersion, kind, name, uid)] };
  switch (kind) {
    case 'Pod':
      return {
        generateName: `${name.slice(0, 57)}-`,
        owners: (object.metadata.ownerReferences ?? []).map(withoutBlocking),
      };
    case 'PodTemplate':
      return { generateName: `${name}-`, owners: [] };
    case 'Deployment':
      return byReplicaSet(name, uid, 'pod-template-hash');
    case 'Rollout':
      return byReplicaSet(name, uid, 'rollouts-pod-template-hash');
    case 'StatefulSet':
      return { ...plain, ...statefulPod(object, name) };
    case 'DaemonSet':
      return {
        ...plain,
        labels: { 'controller-revision-hash': '0', 'pod-template-generation': '1' },
        spec: daemonSpec,
      };
    case 'Job':
      return { ...plain, labels: jobLabels(name, uid) };
    case 'CronJob': {
      const job = `${name}-0`;
      return { generateName: `${job}-`, labels: jobLabels(job, uid), owners: [ownerOf('batch/v1', 'Job', job, uid)] };
    }
    default:
      return plain;
  }
}

function byReplicaSet(name: string, uid: string, label: string): Made {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10);
  const owners = [ownerOf('apps/v1', 'ReplicaSet', `${name}-${hash}`, uid)];
  return { generateName: `${name}-${hash}-`, labels: { [label]: hash }, owners };
}

function ownerOf(apiVersion: string, kind: string, name: string, uid: string): object {
  return { apiVersion, kind, name, uid, controller: true };
}

function statefulPod({ spec }: Owning, name: string): Pick<Made, 'labels' | 'spec'> {
  const index = String(spec?.ordinals?.start ?? 0);
  const claims = (spec?.volumeClaimTemplates ?? []).map(({ metadata }): Volume => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}-${index}` },
  }));
  const labels = {
    'statefulset.kubernetes.io/pod-name': `${name}-${index}`,
    'apps.kubernetes.io/pod-index': index,
    'controller-revision-hash': `${name}-0`,
  };
  return {
    labels,
    spec: ({ volumes }) => {
      const others = (volumes ?? []).filter((volume) => !claims.some((claim) => claim.name === volume.name));
      return { volumes: [...others, ...claims] };
    },
  };
}

const daemonTolerations: readonly object[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];

function daemonSpec(spec: NonNullable<PodTemplate['spec']>): NonNullable<PodTemplate['spec']> {
  const present = Array.isArray(spec['tolerations']) ? (spec['tolerations'] as readonly object[]) : [];
  const onHost = { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' };
  return {
    tolerations: [...present, ...daemonTolerations, ...(spec.hostNetwork === true ? [onHost] : [])],
    affinity: onOneNode(spec['affinity']),
  };
}

/** As in ReplaceDaemonSetPodNodeNameNodeAffinity: the node's name replaces the template's terms. */
function onOneNode(affinity: unknown): object {
  const { nodeAffinity, ...others } = (affinity ?? {}) as { readonly nodeAffinity?: object };
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['node'] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  return { ...others, nodeAffinity: { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } };
}

function jobLabels(name: string, uid: string): Record<string, string> {
  return {
    'job-name': name,
    'controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
  };
}

/** The names of the sidecar's containers in a template with our agent. */
export function agentContainers({ spec }: PodTemplate): string[] {
  return (spec?.initContainers ?? []).map(({ name }) => name).filter((name) => containerNames.includes(name));
}

/** A template without our sidecar that opts out of it: "false" wins, whichever key an injector uses. */
export function refusingSidecar(
  template: PodTemplate,
  config: SidecarConfig = defaultSidecarConfig,
  key = injectAnnotation,
): PodTemplate {
  const plan = planRemoval(template, config);
  const { metadata, ...rest } = plan.remove ? withoutRemoved(template, plan.removal) : template;
  const refusals = { [key]: 'false', [injectAnnotation]: 'false' };
  return { ...rest, metadata: { ...metadata, annotations: { ...metadata?.annotations, ...refusals } } };
}
