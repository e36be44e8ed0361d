import type { PodTemplate } from '../sidecar/index.ts';

/**
 * The parts of the API's answers that are read here. Every number is optional: the API server leaves zero out.
 */
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

export interface Pod {
  readonly metadata: Metadata;
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

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
