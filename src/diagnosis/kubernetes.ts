import type { ContainerStatus, LabelSelector, Metadata } from '../cluster/kubernetes.ts';
import type { PodTemplate } from '../sidecar/index.ts';

/** The parts of the API's answers that a diagnosis reads, beside those of src/cluster/kubernetes.ts. */
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

/** A pod as the API server has it. */
export type LivePod = PodTemplate & {
  readonly metadata: Metadata;
  readonly status?: {
    readonly phase?: string;
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
};

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
