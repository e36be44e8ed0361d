import type { AssumedLevel } from '../sidecar/index.ts';

/** The label of a namespace with the Pod Security level that it enforces. */
export const podSecurityLabel = 'pod-security.kubernetes.io/enforce';

/** The level of the label `pod-security.kubernetes.io/enforce`; a namespace without the label counts as privileged. */
export type PodSecurityLevel = 'privileged' | 'baseline' | 'restricted';

/**
 * The level that a namespace enforces by its labels. An invalid value is enforced as restricted
 * (pod-security-admission/api/helpers.go, ParseLevel).
 * @param assumed what a namespace without the label enforces; `auto`: nothing
 */
export function podSecurityLevel(
  labels: Readonly<Record<string, string>> | undefined,
  assumed: AssumedLevel = 'auto',
): PodSecurityLevel {
  const level = labels?.[podSecurityLabel] ?? (assumed === 'auto' ? 'privileged' : assumed);
  return level === 'privileged' || level === 'baseline' ? level : 'restricted';
}

/** A requirement of a label selector. */
export interface LevelTerm {
  readonly key: string;
  readonly operator: 'In' | 'NotIn';
  readonly values: readonly string[];
}

/**
 * The label selectors of the namespaces for each profile. A namespace with the label has that level, and one without
 * has the assumed level; where `restricted` is enforced, none of them matches. The chart has the same
 * (templates/templates/_podsecurity.tpl).
 */
export function levelTerms(assumed: AssumedLevel): Readonly<Record<'privileged' | 'baseline', LevelTerm>> {
  const only = (level: string): LevelTerm => ({ key: podSecurityLabel, operator: 'In', values: [level] });
  const allBut = (levels: readonly string[]): LevelTerm => ({
    key: podSecurityLabel,
    operator: 'NotIn',
    values: levels,
  });
  if (assumed === 'restricted') return { privileged: only('privileged'), baseline: only('baseline') };
  if (assumed === 'baseline') return { privileged: only('privileged'), baseline: allBut(['privileged', 'restricted']) };
  return { privileged: allBut(['baseline', 'restricted']), baseline: only('baseline') };
}
