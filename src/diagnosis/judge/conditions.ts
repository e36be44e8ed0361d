import { leftOutReasons, planInjection, podSecurityLabel, skipReasons, type SkipReason } from '../../inject/index.ts';
import { holds, termsOf, termText, type Labels, type Term } from '../../kubernetes/api/labels.ts';
import type { Pod } from '../../kubernetes/api/types.ts';
import { injectAnnotation } from '../../settings/index.ts';
import { defaultSidecarConfig } from '../../sidecar/index.ts';
import { ownerName, templateOf, topOwner, type Owner } from '../read/podOwners.ts';
import type { Release, ReleaseFacts, Rule } from '../read/releases.ts';
import { levelFor, ruleFor } from './releasePodSecurity.ts';
import type { Reason } from './whyReasons.ts';

/** One thing that must hold for a pod to be injected. */
export interface Condition {
  /** Undefined when only the API server knows. */
  readonly met: boolean | undefined;
  /** What was found: one clause. */
  readonly what: string;
  /** Why it is not met. */
  readonly reason?: Reason;
}

/** A pod, or the next pod of a workload, with its namespace and its owners. */
export interface Subject {
  readonly pod: Pod;
  readonly namespace: string;
  /** Labels of the namespace; undefined when they may not be read. */
  readonly namespaceLabels: Labels | undefined;
  /** The controllers above it, the nearest first. */
  readonly owners: readonly Owner[];
}

const met = (what: string): Condition => ({ met: true, what });
const unmet = (reason: Reason, what: string): Condition => ({ met: false, reason, what });

/** All conditions of a release for a pod, in the order in which they apply. Pure. */
export function conditionsFor(subject: Subject, facts: ReleaseFacts): Condition[] {
  const { release } = facts;
  const rule = ruleFor(release, subject.namespaceLabels);
  if (rule === undefined)
    return [
      unmet(
        'namespace_not_selected',
        `${release.object} has no ${release.way === 'webhook' ? 'webhook' : 'binding'} that injects`,
      ),
    ];
  return [
    ...namespaceConditions(subject, release, rule),
    ...labelConditions(subject, rule),
    ...annotationConditions(subject, release),
    fitCondition(subject, facts, rule),
    ...foreignConditions(rule),
  ];
}

/** Index of the first condition that is not met; the number of conditions when there is none. */
export function firstUnmet(conditions: readonly Condition[]): number {
  const index = conditions.findIndex((condition) => condition.met === false);
  return index === -1 ? conditions.length : index;
}

/** Whether a release selects the pods of a namespace. */
export function selectsNamespace(release: Release, labels: Labels): boolean {
  return release.rules.some(({ namespaceSelector }) => termsOf(namespaceSelector).every((term) => holds(term, labels)));
}

const nameKey = 'kubernetes.io/metadata.name';

function namespaceConditions(
  { namespace, namespaceLabels }: Subject,
  release: Release,
  { namespaceSelector }: Rule,
): Condition[] {
  if (namespaceLabels === undefined)
    return [{ met: undefined, what: `the labels of namespace ${namespace} cannot be read` }];
  const terms = termsOf(namespaceSelector);
  const rank = ({ key }: Term): number => [nameKey, release.namespaceLabel, podSecurityLabel].indexOf(key);
  const known = terms.filter((term) => rank(term) !== -1).toSorted((a, b) => rank(a) - rank(b));
  const others = terms.filter((term) => rank(term) === -1);
  const failing = others.find((term) => !holds(term, namespaceLabels));
  return [
    ...known.map((term) => knownTerm(term, namespace, namespaceLabels, release)),
    ...(failing === undefined
      ? []
      : [
          unmet(
            'namespace_not_selected',
            `namespace ${namespace} does not meet ${termText(failing)}, which ${release.object} asks for`,
          ),
        ]),
  ];
}

function knownTerm(term: Term, namespace: string, labels: Labels, release: Release): Condition {
  const value = labels[term.key];
  if (term.key === nameKey) {
    return holds(term, labels)
      ? met(`namespace ${namespace} is not excluded`)
      : unmet('namespace_excluded', `namespace ${namespace} is excluded by ${release.object}`);
  }
  if (term.key === podSecurityLabel) {
    const level = levelText(namespace, labels, release);
    return holds(term, labels) ? met(level) : unmet('pod_security_restricted', level);
  }
  if (holds(term, labels)) return met(`namespace ${namespace} has the label ${termText(term)}`);
  return value === undefined
    ? unmet('namespace_not_opted_in', `namespace ${namespace} has no label ${termText(term)}`)
    : unmet(
        'namespace_label_value',
        `namespace ${namespace} has the label ${term.key}=${value}, not ${termText(term)}`,
      );
}

function levelText(namespace: string, labels: Labels, release: Release): string {
  const level = levelFor(release, labels);
  if (labels[podSecurityLabel] !== undefined || level === 'privileged')
    return `namespace ${namespace} enforces Pod Security "${level}"`;
  return `namespace ${namespace} has no label ${podSecurityLabel}; ${release.object} assumes "${level}" (injection.podSecurity)`;
}

function labelConditions({ pod }: Subject, { objectSelector }: Rule): Condition[] {
  const labels = pod.metadata.labels ?? {};
  return termsOf(objectSelector).map((term) =>
    holds(term, labels)
      ? met(`its labels meet ${termText(term)}`)
      : unmet('labels_not_selected', `its labels do not meet ${termText(term)}`),
  );
}

function annotationConditions(subject: Subject, { annotation, optOut }: Release): Condition[] {
  const annotations = subject.pod.metadata.annotations ?? {};
  const value = annotations[annotation];
  const refusal = [annotation, injectAnnotation].find((key) => annotations[key] === 'false');
  if (refusal !== undefined) return [unmet('opted_out', `its annotation ${refusal} is "false"`)];
  if (value === 'true') return [met(`its annotation ${annotation} is "true"`)];
  if (optOut) return [met(`its annotation ${annotation} is not "false"`)];
  if (value !== undefined) return [unmet('annotation_value', `its annotation ${annotation} is "${value}", not "true"`)];
  return [askedElsewhere(subject, annotation) ?? unmet('not_opted_in', `it has no annotation ${annotation}: "true"`)];
}

/** The wrong place that has the annotation, if any. */
function askedElsewhere({ pod, owners }: Subject, annotation: string): Condition | undefined {
  if (pod.metadata.labels?.[annotation] !== undefined)
    return unmet('annotation_as_label', `${annotation} is one of its labels, not an annotation`);
  const owner = topOwner(owners);
  if (owner === undefined) return undefined;
  if (templateOf(owner)?.metadata?.annotations?.[annotation] === 'true') {
    return unmet(
      'older_template',
      `the pod template of ${ownerName(owner)} has the annotation ${annotation}: "true", this pod does not`,
    );
  }
  const wrong = owners.find(({ object }) => object?.metadata.annotations?.[annotation] !== undefined);
  return (
    wrong &&
    unmet('annotation_on_workload', `the annotation ${annotation} is on ${ownerName(wrong)}, not on its pod template`)
  );
}

function fitCondition({ pod, namespace }: Subject, { sidecar }: ReleaseFacts, { profile }: Rule): Condition {
  const config = sidecar ?? defaultSidecarConfig;
  const plan = planInjection(pod, { config, settings: {}, podSecurity: profile, namespace, atAdmission: true });
  if (plan.inject) {
    // mirrorConditions.ts reports the mirror, in more detail.
    const others = (plan.leftOut ?? [])
      .filter((what) => what !== 'mirror')
      .map((what) => `, and it would go ${leftOutReasons[what]}`);
    return met(`nothing in the pod prevents it${others.join('')}`);
  }
  if (plan.reason === 'already_injected' || plan.reason === 'opted_out') return met('nothing in the pod prevents it');
  return unmet(reasonsOfSkips[plan.reason] ?? 'not_injectable', skipReasons[plan.reason]);
}

const reasonsOfSkips: Partial<Record<SkipReason, Reason>> = {
  host_network: 'host_network',
  windows: 'windows',
  mirror_pod: 'mirror_pod',
  system_namespace: 'namespace_excluded',
  fargate: 'fargate',
  virtual_node: 'virtual_node',
  sandbox: 'sandbox',
  foreign_status: 'foreign_status',
  status_missing: 'status_missing',
  name_collision: 'name_collision',
  pod_security_baseline: 'pod_security_baseline',
};

/** Conditions that the values of a release add: CEL, which only the API server evaluates. */
function foreignConditions({ matchConditions }: Rule): Condition[] {
  const foreign = matchConditions.filter(({ name }) => !/^packet-capture(?:\.internal)?\//.test(name));
  return foreign.map(({ name, expression }) => ({ met: undefined, what: `condition ${name}: ${expression}` }));
}
