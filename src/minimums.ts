/**
 * The first minor version of Kubernetes 1 that has a feature which this project needs. Documentation names these
 * versions too.
 */
export const minimums = {
  /** Native sidecars are on by default (KEP-753): every way needs them. */
  nativeSidecars: 29,
  /** matchConditions are stable (KEP-3716): the chart's webhooks need them. */
  matchConditions: 30,
  /** kubectl patches the ephemeral containers of a pod; an older one sends the whole pod. */
  kubectlPatchesEphemeralContainers: 32,
  /** MutatingAdmissionPolicy is v1 (KEP-3962): the admission policy needs it. */
  mutatingAdmissionPolicy: 36,
} as const;

/** The version as messages have it: `1.30`. */
export function sinceKubernetes(feature: keyof typeof minimums): string {
  return `1.${minimums[feature]}`;
}

/** The first version of helm 3 with `--reset-then-reuse-values`, which the installer needs. */
export const oldestHelm = '3.14.0';

/**
 * Versions of helm that hang on hooks which are deleted before they are created again, such as those of the chart
 * (helm/helm#32214, #32224).
 */
export const brokenHelms: readonly string[] = ['4.2.1'];

/** The versions of helm that can be used, as messages have them. */
export const supportedHelm = `helm 4, but not ${brokenHelms.join(', ')}; or helm ${oldestHelm.replace(/\.0$/, '')} or later`;
