/**
 * The parts of Kubernetes' core/v1 that this project reads or writes. Everything else of an object is kept as it is,
 * hence the index signatures.
 */
export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly resources?: ResourceRequirements;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly [key: string]: unknown }[];
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
