/**
 * The parts of Kubernetes' API that this project reads or writes. Types with an index signature keep all other members.
 * Every number of a status is optional, because the API server leaves out zero.
 */

/** A container of a pod. */
export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly resources?: ResourceRequirements;
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly [key: string]: unknown;
  }[];
  readonly [key: string]: unknown;
}

/** Requests and limits, as quantities by resource. */
export interface ResourceRequirements {
  readonly requests?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, string | number>>;
}

/** The name of an object in the same namespace. */
export interface LocalObjectReference {
  readonly name: string;
}

/** A volume of a pod. */
export interface Volume {
  readonly name: string;
  readonly [key: string]: unknown;
}

/** The spec of a pod. */
export interface PodSpec {
  readonly containers?: readonly Container[] | null;
  readonly initContainers?: readonly Container[] | null;
  readonly volumes?: readonly Volume[] | null;
  readonly imagePullSecrets?: readonly LocalObjectReference[] | null;
  /** Pod-level resources, which the containers share. */
  readonly resources?: ResourceRequirements | null;
  readonly hostNetwork?: boolean;
  readonly os?: { readonly name?: string } | null;
  readonly nodeSelector?: Readonly<Record<string, string>> | null;
  readonly [key: string]: unknown;
}

/** The metadata of a pod template, which may lack a name. */
export interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly ownerReferences?: readonly unknown[] | null;
  readonly [key: string]: unknown;
}

/** A pod, or the pod template of a workload. */
export interface PodTemplate {
  readonly metadata?: ObjectMeta | null;
  readonly spec?: PodSpec | null;
}

/** The owner of an object, in the same namespace. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

/** The metadata of an object in the cluster. Times are RFC 3339. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly { readonly manager?: string }[];
}

/** A metav1.LabelSelector. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** How a workload replaces its pods. */
export interface UpdateStrategy {
  readonly type?: string;
  readonly rollingUpdate?: {
    readonly maxSurge?: number | string;
    readonly maxUnavailable?: number | string;
    readonly partition?: number;
  };
}

/** The spec of a workload, of any of the kinds. */
export interface WorkloadSpec {
  readonly replicas?: number;
  readonly paused?: boolean;
  readonly selector?: LabelSelector;
  /** Of a Deployment. */
  readonly strategy?: UpdateStrategy;
  /** Of a StatefulSet or a DaemonSet. */
  readonly updateStrategy?: UpdateStrategy;
  /** Of a StatefulSet: the number of its first pod. */
  readonly ordinals?: { readonly start?: number };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  /** Of a Job. */
  readonly parallelism?: number;
  /** Of a CronJob. */
  readonly jobTemplate?: { readonly spec?: { readonly parallelism?: number } };
  readonly schedule?: string;
  readonly suspend?: boolean;
}

/** A condition of a status. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  /** RFC 3339, in whole seconds. */
  readonly lastTransitionTime?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The status of a workload; the numbers count pods. */
export interface WorkloadStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly desiredNumberScheduled?: number;
  readonly updatedNumberScheduled?: number;
  readonly numberReady?: number;
  readonly numberAvailable?: number;
  readonly conditions?: readonly Condition[];
}

/** A workload in the cluster. */
export interface WorkloadObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: WorkloadSpec;
  readonly status?: WorkloadStatus;
}

/** The status of a container. */
export interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: unknown;
    readonly terminated?: TerminatedContainer;
  };
  /** How it ended before it was started again. */
  readonly lastState?: { readonly terminated?: TerminatedContainer };
}

/** How a container has ended. */
export interface TerminatedContainer {
  readonly reason?: string;
  readonly message?: string;
  readonly exitCode?: number;
  /** RFC 3339, in whole seconds, by the node's clock. */
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

/** A pod in the cluster. */
export type Pod = PodTemplate & {
  readonly metadata: Metadata;
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
};

/** An event about an object. Times are RFC 3339. */
export interface Event {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string; readonly fieldPath?: string };
  readonly metadata: Metadata;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

/** A list of objects. */
export interface List<T> {
  readonly items: readonly T[];
}

/** Any object that selects pods. */
export interface SelectingObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: {
    /** Of a Service or a ReplicationController it is a plain map of labels. */
    readonly selector?: LabelSelector | Readonly<Record<string, string>>;
  };
}

/** A condition of a webhook or a policy. */
export interface MatchCondition {
  readonly name: string;
  /** CEL. */
  readonly expression: string;
}

/** The Service that a webhook calls. */
export interface ServiceReference {
  readonly name: string;
  readonly namespace: string;
}

/** A webhook of a configuration. */
export interface Webhook {
  readonly name: string;
  readonly failurePolicy?: string;
  /** caBundle is base64 of PEM. */
  readonly clientConfig?: { readonly caBundle?: string; readonly service?: ServiceReference };
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly matchConditions?: readonly MatchCondition[];
}

/** A MutatingWebhookConfiguration. */
export interface WebhookConfiguration {
  readonly metadata: Metadata;
  readonly webhooks?: readonly Webhook[];
}

/** A namespace. */
export interface Namespace {
  readonly metadata: Metadata;
}

/** The Deployment of an injector: how many replicas it has, and which volumes contain its files. */
export interface InjectorDeployment {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: PodTemplate & { readonly spec?: { readonly volumes?: readonly InjectorVolume[] } };
  };
  readonly status?: { readonly readyReplicas?: number };
}

/** A volume of an injector's pod. */
export interface InjectorVolume {
  readonly name: string;
  readonly secret?: { readonly secretName?: string };
}

/** A ConfigMap. */
export interface ConfigMap {
  readonly metadata: Metadata;
  readonly data?: Readonly<Record<string, string>>;
}

/** A policy of admissionregistration.k8s.io. */
export interface MutatingAdmissionPolicy {
  readonly metadata: Metadata;
  readonly spec?: { readonly failurePolicy?: string; readonly matchConditions?: readonly MatchCondition[] };
}

/** The binding of such a policy to namespaces and parameters. */
export interface MutatingAdmissionPolicyBinding {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly policyName?: string;
    readonly paramRef?: { readonly name?: string; readonly namespace?: string };
    readonly matchResources?: { readonly namespaceSelector?: LabelSelector; readonly objectSelector?: LabelSelector };
  };
}

/** One operation of a JSON Patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** `deployment/web`, as users and messages name an object. */
export function objectName({
  kind,
  metadata,
}: {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}

/** The pod template at a path of keys; empty when there is none. */
export function templateAt(object: WorkloadObject, path: readonly string[]): PodTemplate {
  let value: unknown = object;
  for (const key of path)
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value ?? {};
}
