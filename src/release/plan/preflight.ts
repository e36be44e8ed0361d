import { podSecurityLevel } from '../../inject/index.ts';
import { objectName, templateAt, type WorkloadObject } from '../../kubernetes/api/types.ts';
import { deliveryWarnings } from '../../kubernetes/owners.ts';
import { groupRights } from '../../kubernetes/rights.ts';
import { minimums } from '../../minimums.ts';
import { injectAnnotation } from '../../settings/index.ts';
import { isPending, type ReleaseHistory } from '../helm/release.ts';
import type { Intent } from '../helm/releaseValues.ts';
import { policyKind } from '../helm/renderedChart.ts';
import { nameOfObject, type ManifestObject } from '../helm/renderedObjects.ts';
import { workloadLists, type Facts, type TargetFacts } from './clusterFacts.ts';
import type { Right } from './installerRights.ts';
import { finding, type Finding } from './preflightFindings.ts';

/** Everything that prevents the change or that the user should know before. Pure. */
export function judge(facts: Facts): Finding[] {
  const { release, namespace, history, releaseNamespace } = facts;
  return [
    ...(releaseNamespace?.terminating === true
      ? [finding('namespace_terminating', `namespace ${namespace}`, 'it is being deleted')]
      : []),
    ...overrideFindings(facts),
    ...(history === undefined
      ? []
      : releaseFindings(history, `release ${release} in namespace ${namespace}`, facts.chart)),
    ...wayFindings(facts),
    ...kindFindings(facts),
    ...rightsFindings(facts),
    // Without the hooks targets are not changed, so they are not checked: the user may opt them in later.
    ...(facts.intent.hooks ? facts.targets.flatMap((target) => targetFindings(target, facts)) : []),
    ...(facts.intent.hooks || facts.targets.length === 0
      ? []
      : [finding('hooks_disabled', 'hooks.enabled', 'the hooks are switched off')]),
  ];
}

/** Helm creates only the namespace of the release. */
function overrideFindings({ namespace, service, objectsNamespace }: Facts): Finding[] {
  if (service.namespace === namespace || objectsNamespace?.terminating === false) return [];
  const state = objectsNamespace === undefined ? 'it does not exist' : 'it is being deleted';
  return [finding('namespace_missing', `namespaceOverride ${service.namespace}`, state)];
}

/** A finding when the cluster is older than the chart supports. @param minor the 33 of Kubernetes 1.33 */
export function versionFindings(minor: number, version: string): Finding[] {
  return minor >= minimums.matchConditions
    ? []
    : [finding('kubernetes_too_old_for_chart', 'the API server', `it is Kubernetes ${version}`)];
}

/** What the history says against a change: another operation runs, it is another chart's, or the last one failed. */
export function releaseFindings(history: ReleaseHistory, where: string, chart: string): Finding[] {
  const { last, deployed } = history;
  if (isPending(history)) return [finding('release_pending', where, `revision ${last.revision} is ${last.status}`)];
  if (!last.chart.startsWith(`${chart}-`) || !/^\d/.test(last.chart.slice(chart.length + 1))) {
    return [finding('release_foreign', where, `it is a release of another chart (${last.chart})`)];
  }
  if (last.status !== 'failed') return [];
  const base = deployed === undefined ? 'no revision ever worked' : `revision ${deployed.revision} runs`;
  return [finding('release_failed', where, `revision ${last.revision} failed; ${base}`)];
}

function wayFindings({ intent: { way }, wayBefore = way }: Facts): Finding[] {
  return way === wayBefore
    ? []
    : [finding('injection_way_changes', 'injection.way', `it changes from ${wayBefore} to ${way}`)];
}

function kindFindings({ objects, resources }: Facts): Finding[] {
  const unknown = objects.filter(
    (object) => !resources.some(({ kind, apiVersion }) => kind === object.kind && apiVersion === object.apiVersion),
  );
  const ofPolicies = ({ kind, apiVersion }: ManifestObject): boolean =>
    apiVersion === policyKind.apiVersion && kind.startsWith(policyKind.kind);
  const text = ({ kind, apiVersion }: ManifestObject): string => `the cluster has no ${kind} (${apiVersion})`;
  const [policy] = unknown.filter(ofPolicies);
  return [
    ...(policy === undefined ? [] : [finding('policy_unsupported', 'injection.way', text(policy))]),
    ...unknown
      .filter((object) => !ofPolicies(object))
      .map((object) => finding('kind_unknown', nameOfObject(object), text(object))),
  ];
}

function rightsFindings({ refused }: Facts): Finding[] {
  if (refused === undefined) return [finding('rights_unknown', 'the cluster', 'your rights cannot be read')];
  return rightsOnly(refused);
}

/** Findings for refused rights; helm works without watching. */
export function rightsOnly(refused: readonly Right[]): Finding[] {
  const needed = refused.filter(({ need }) => need !== 'watch');
  return groupRights(needed).map(({ where, what }) => finding('rights_missing', where, what));
}

function targetFindings(facts: TargetFacts, { intent, service: { namespace: own } }: Facts): Finding[] {
  const { target, namespace, workloads = [] } = facts;
  const where = `target namespace ${target.namespace}`;
  if (namespace === undefined) return [finding('target_namespace_missing', where, 'it does not exist')];
  if (namespace.terminating) return [finding('target_namespace_missing', where, 'it is being deleted')];
  if (target.namespace === own || intent.excludedNamespaces.includes(target.namespace)) {
    const why = target.namespace === own ? "it is the release's own" : 'injection.excludedNamespaces names it';
    return [finding('target_excluded', where, why)];
  }
  return [
    ...levelFindings(namespace.labels, intent, where),
    ...missingWorkloads(facts),
    ...workloads.flatMap((object) => workloadFindings(object, intent)),
  ];
}

function levelFindings(labels: Readonly<Record<string, string>>, { podSecurity }: Intent, where: string): Finding[] {
  const level = podSecurityLevel(labels, podSecurity);
  if (level === 'restricted') return [finding('target_restricted', where, 'it enforces Pod Security "restricted"')];
  return level === 'baseline' ? [finding('target_baseline', where, 'it enforces Pod Security "baseline"')] : [];
}

function missingWorkloads({ target, workloads }: TargetFacts): Finding[] {
  if (workloads === undefined) return [];
  return workloadLists.flatMap(([list, kind]) =>
    target[list]
      .filter((name) => !workloads.some((object) => object.kind === kind && object.metadata.name === name))
      .map((name) =>
        finding('target_missing', `${kind.toLowerCase()}/${name} in ${target.namespace}`, 'it does not exist'),
      ),
  );
}

function workloadFindings(object: WorkloadObject, { annotation }: Intent): Finding[] {
  const where = `${objectName(object)} in ${object.metadata.namespace ?? ''}`;
  const annotations = templateAt(object, ['spec', 'template']).metadata?.annotations ?? {};
  const value = annotations[annotation];
  const no = [annotation, injectAnnotation].find((key) => annotations[key] === 'false');
  const optedOut = no === undefined ? [] : [finding('target_opted_out', where, `it has the annotation ${no}: "false"`)];
  const [tool] = value === 'true' ? [] : deliveryWarnings(object).map((text) => text.split(' manages ')[0] ?? '');
  return [
    ...optedOut,
    ...(tool === undefined
      ? []
      : [finding('target_managed', where, `${tool} manages it, and its source does not have the annotation`)]),
  ];
}
