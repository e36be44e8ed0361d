import { podSecurityLabel, podSecurityLevel, type PodSecurityLevel } from '../../inject/index.ts';
import { holds, termsOf, type Labels } from '../../kubernetes/api/labels.ts';
import type { Release, Rule } from '../read/releases.ts';

/**
 * The rule of a release for a namespace's Pod Security level: injection.podSecurity is the level that a release assumes
 * for a namespace without the label. If no rule matches, the rule for privileged, whose condition gives the reason.
 * Pure.
 */
export function ruleFor({ rules }: Release, labels: Labels | undefined): Rule | undefined {
  const chosen = labels === undefined ? undefined : rules.find((rule) => isForLevel(rule, labels));
  if (chosen !== undefined) return chosen;
  const profile = podSecurityLevel(labels) === 'baseline' ? 'baseline' : 'privileged';
  return rules.find((rule) => rule.profile === profile) ?? rules[0];
}

/** The level that a release uses for a namespace; without a release, that of the namespace's label. Pure. */
export function levelFor(release: Release | undefined, labels: Labels | undefined): PodSecurityLevel {
  if (release === undefined || labels === undefined || labels[podSecurityLabel] !== undefined)
    return podSecurityLevel(labels);
  return release.rules.find((rule) => isForLevel(rule, labels))?.profile ?? 'restricted';
}

function isForLevel({ namespaceSelector }: Rule, labels: Labels): boolean {
  return termsOf(namespaceSelector).every((term) => term.key !== podSecurityLabel || holds(term, labels));
}
