/**
 * The first minor version of Kubernetes 1 in which something works that is needed. Documentation names these versions
 * too. It lies in src itself, because the chart may import nothing of src/kubernetes.
 */
export const minimums = {
  /** Native sidecars are on by default (KEP-753): every way needs them. */
  nativeSidecars: 29,
  /** matchConditions are stable (KEP-3716): the chart's webhooks need them. */
  matchConditions: 30,
  /** MutatingAdmissionPolicy is v1 (KEP-3962): the admission policy needs it. */
  mutatingAdmissionPolicy: 36,
} as const;

/** The version as texts have it: `1.30`. */
export function sinceKubernetes(feature: keyof typeof minimums): string {
  return `1.${minimums[feature]}`;
}
