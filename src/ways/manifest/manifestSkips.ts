import { skipReasons } from '../../inject/index.ts';

/** Why a workload of a manifest was left alone: the reasons of all ways, and those of manifests only. */
export const manifestSkipReasons = {
  ...skipReasons,
  // The API server stores none of these, so the other ways do not need these reasons.
  no_image:
    'a container has no image, so it is a patch of another manifest (kustomize): inject that one, or what kustomize builds',
  knative:
    'Knative takes no native sidecar in its template; let the webhook or the policy inject its pods: annotate the template with packet-capture/inject: "true"',
  encrypted: 'it is encrypted with SOPS, also its kind, so it is not known whether it is a workload; decrypt it first',
} as const;

/** The code of such a reason. */
export type ManifestSkipReason = keyof typeof manifestSkipReasons;
