import { podSecurityLabel } from '../../inject/index.ts';
import { holds, termsOf } from '../../kubernetes/api/labels.ts';
import type { Namespace } from '../../kubernetes/api/types.ts';
import { namespaceLabel } from '../../settings/index.ts';
import { templateOf, topOwner } from '../read/podOwners.ts';
import type { Release } from '../read/releases.ts';
import { agentOf } from './agentOf.ts';
import { finding, type Finding } from './checkFindings.ts';
import { selectsNamespace, type Subject } from './conditions.ts';
import type { Judgement } from './judge.ts';
import { placeOf, type JudgedPod } from './judgePods.ts';
import type { MissedPod } from './missed.ts';
import { releaseName } from './releaseFindings.ts';
import { levelFor } from './releasePodSecurity.ts';
import { reasons } from './whyReasons.ts';

/** Namespaces that are opted in although nothing can be injected there, or for two releases. Pure. */
export function namespaceFindings(namespaces: readonly Namespace[], releases: readonly Release[]): Finding[] {
  return namespaces.flatMap(({ metadata }) => {
    const labels = metadata.labels ?? {};
    const where = `namespace ${metadata.name}`;
    const opted = releases.filter((release) => selectsButForLevel(release, labels));
    const level = levelFor(opted[0], labels);
    const selecting = opted.filter((release) => selectsNamespace(release, labels));
    return [
      ...(opted.length > 0 && level === 'restricted'
        ? [finding('namespace_restricted', where, `opted in for ${releaseNames(opted)}, and it enforces "restricted"`)]
        : []),
      ...(opted.length > 0 && level === 'baseline'
        ? [finding('namespace_baseline', where, 'opted in, and it enforces "baseline"')]
        : []),
      ...(selecting.length > 1
        ? [finding('releases_overlap', where, `${releaseNames(selecting)} select its pods`)]
        : []),
    ];
  });
}

/** Whether a namespace is opted in; its Pod Security level is not considered. */
export function selectsButForLevel({ rules }: Release, labels: Readonly<Record<string, string>>): boolean {
  return rules.some(({ namespaceSelector }) =>
    termsOf(namespaceSelector).every((term) => term.key === podSecurityLabel || holds(term, labels)),
  );
}

function releaseNames(releases: readonly Release[]): string {
  return releases.map(releaseName).join(' and ');
}

/** Namespaces that ask for injection when there is no release. Pure. */
export function askingNamespaces(namespaces: readonly Namespace[]): string[] {
  return namespaces
    .filter(({ metadata }) => metadata.labels?.[namespaceLabel] === 'enabled')
    .map(({ metadata }) => metadata.name);
}

/** How many pods have the sidecar, and how many miss it. Pure. */
export function podFindings(judged: readonly JudgedPod[], missed: readonly MissedPod[], where: string): Finding[] {
  const carrying = judged.filter(({ judgement }) => judgement.carries).length;
  const curable = missed.filter(({ reason }) => reasons[reason].level === 'error');
  const impossible = missed.filter(({ reason }) => reasons[reason].level === 'warning');
  return [
    finding(
      'pods_injected',
      where,
      `${carrying} of ${count(judged.length)} ${carrying === 1 ? 'has' : 'have'} the sidecar`,
    ),
    ...(curable.length === 0
      ? []
      : [
          finding(
            'pods_missed',
            where,
            `${count(curable.length)} ask${curable.length === 1 ? 's' : ''} for the sidecar and do${curable.length === 1 ? 'es' : ''} not have it`,
          ),
        ]),
    ...(impossible.length === 0
      ? []
      : [
          finding(
            'pods_impossible',
            where,
            `${count(impossible.length)} ask${impossible.length === 1 ? 's' : ''} for the sidecar and cannot have it`,
          ),
        ]),
    ...lostFindings(judged),
    ...driftFindings(judged),
  ];
}

function count(pods: number): string {
  return pods === 1 ? '1 pod' : `${pods} pods`;
}

function lostFindings(judged: readonly JudgedPod[]): Finding[] {
  const lost = judged.filter(({ subject }) => agentOf(subject.pod)?.native === false);
  return [...Map.groupBy(lost, placeOf)].map(([where, pods]) =>
    finding(
      'restart_policy_lost',
      where,
      `${count(pods.length)}: the init container packet-capture has no restartPolicy: Always`,
    ),
  );
}

/**
 * Pods with an older sidecar than their release injects. Pods of ways 1 and 2 keep their own version, so they are left
 * out.
 */
function driftFindings(judged: readonly JudgedPod[]): Finding[] {
  const drifted = judged.flatMap((pod) => {
    const difference = driftOf(pod);
    return difference === undefined ? [] : [{ pod, difference }];
  });
  const groups = Map.groupBy(drifted, ({ pod, difference }) => JSON.stringify([placeOf(pod), difference]));
  return [...groups.values()].map((group) => {
    const [first] = group;
    return finding(
      'sidecar_drift',
      first === undefined ? '' : placeOf(first.pod),
      `${count(group.length)}: ${first?.difference ?? ''}`,
    );
  });
}

/**
 * How a pod's sidecar differs from what its release injects now, as one clause; undefined when it does not, or the pod
 * has its sidecar from elsewhere.
 */
export function driftOf({
  subject,
  judgement,
}: {
  readonly subject: Subject;
  readonly judgement: Judgement;
}): string | undefined {
  const carried = agentOf(subject.pod);
  const state = judgement.facts;
  if (carried === undefined || state === undefined || inItsTemplate(subject.owners)) return undefined;
  if (subject.namespaceLabels === undefined || !selectsNamespace(state.release, subject.namespaceLabels))
    return undefined;
  const wanted = state.sidecar?.form === 'agent' ? state.sidecar.agent.image : undefined;
  const differences = [
    ...(state.release.version !== undefined && carried.version !== state.release.version
      ? [`version ${carried.version ?? 'unknown'}, the release injects ${state.release.version}`]
      : []),
    ...(wanted !== undefined && carried.image !== wanted
      ? [`image ${carried.image ?? 'none'}, the release injects ${wanted}`]
      : []),
  ];
  return differences.length === 0 ? undefined : differences.join('; ');
}

/** Injected by manifest or patch, not at admission. */
export function inItsTemplate(owners: JudgedPod['subject']['owners']): boolean {
  const owner = topOwner(owners);
  const template = owner === undefined ? undefined : templateOf(owner);
  return template !== undefined && agentOf(template) !== undefined;
}
