import type { ContainerStatus, LabelSelector, Metadata } from '../cluster/kubernetes.ts';
import type { PodTemplate } from '../sidecar/index.ts';

/** A pod as the API server has it, as far as this folder reads it. */
export type LivePod = PodTemplate & {
  readonly metadata: Metadata;
  readonly status?: {
    readonly phase?: string;
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
};

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
