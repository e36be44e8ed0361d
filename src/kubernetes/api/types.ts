/**
 * The parts of Kubernetes' API that this project reads or writes. Everything else of an object is kept as it is, hence
 * the index signatures. Every number of an answer is optional: the API server leaves zero out.
 */

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

export interface ResourceRequirements {
  readonly requests?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, string | number>>;
}

export interface LocalObjectReference {
  readonly name: string;
}

export interface Volume {
  readonly name: string;
  readonly [key: string]: unknown;
}

export interface PodSpec {
  readonly containers?: readonly Container[] | null;
  readonly initContainers?: readonly Container[] | null;
  readonly volumes?: readonly Volume[] | null;
  readonly imagePullSecrets?: readonly LocalObjectReference[] | null;
  /** Of the pod as a whole; its containers share them. */
  readonly resources?: ResourceRequirements | null;
  readonly hostNetwork?: boolean;
  readonly os?: { readonly name?: string } | null;
  readonly nodeSelector?: Readonly<Record<string, string>> | null;
  readonly [key: string]: unknown;
}

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

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

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

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface UpdateStrategy {
  readonly type?: string;
  readonly rollingUpdate?: {
    readonly maxSurge?: number | string;
    readonly maxUnavailable?: number | string;
    readonly partition?: number;
  };
}

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

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

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

/** A workload as the API server gives it. */
export interface WorkloadObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: WorkloadSpec;
  readonly status?: WorkloadStatus;
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: unknown;
    readonly terminated?: { readonly reason?: string; readonly message?: string; readonly exitCode?: number };
  };
}

/** A pod as the API server has it. */
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

export interface Event {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
  readonly metadata: Metadata;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

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

export interface MatchCondition {
  readonly name: string;
  /** CEL. */
  readonly expression: string;
}

export interface ServiceReference {
  readonly name: string;
  readonly namespace: string;
}

export interface Webhook {
  readonly name: string;
  readonly failurePolicy?: string;
  /** caBundle is base64 of PEM. */
  readonly clientConfig?: { readonly caBundle?: string; readonly service?: ServiceReference };
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly matchConditions?: readonly MatchCondition[];
}

export interface WebhookConfiguration {
  readonly metadata: Metadata;
  readonly webhooks?: readonly Webhook[];
}

export interface Namespace {
  readonly metadata: Metadata;
}

/** What of an injector's Deployment is read: how many run, and which volumes name its files. */
export interface InjectorDeployment {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: PodTemplate & { readonly spec?: { readonly volumes?: readonly InjectorVolume[] } };
  };
  readonly status?: { readonly readyReplicas?: number };
}

export interface InjectorVolume {
  readonly name: string;
  readonly secret?: { readonly secretName?: string };
}

export interface ConfigMap {
  readonly metadata: Metadata;
  readonly data?: Readonly<Record<string, string>>;
}

export interface MutatingAdmissionPolicy {
  readonly metadata: Metadata;
  readonly spec?: { readonly failurePolicy?: string; readonly matchConditions?: readonly MatchCondition[] };
}

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

/** `deployment/web`: how users name an object, and how messages do. */
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
