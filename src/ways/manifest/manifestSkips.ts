import { skipReasons } from '../../inject/index.ts';

/** Why a workload of a manifest was left alone: what holds for every way, and what a manifest alone shows. */
export const manifestSkipReasons = {
  ...skipReasons,
  // The API server stores none of these, so no other way ever sees one.
  no_image:
    'a container has no image, so it is a patch of another manifest (kustomize): inject that one, or what kustomize builds',
  knative:
    'Knative takes no native sidecar in its template; let the webhook or the policy inject its pods: annotate the template with packet-capture/inject: "true"',
  encrypted: 'it is encrypted with SOPS, its kind too, so nobody can tell whether it is a workload; decrypt it first',
} as const;

export type ManifestSkipReason = keyof typeof manifestSkipReasons;
