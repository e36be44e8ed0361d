import type { Pod } from '../../kubernetes/api/types.ts';
import { ownerIndex, type Inventory } from '../read/inventory.ts';
import { ownersOf } from '../read/podOwners.ts';
import type { Registrations } from '../read/registrations.ts';
import type { ReleaseState } from '../read/releaseState.ts';
import { attachedFindings } from './attachedFindings.ts';
import { finding, type Finding } from './checkFindings.ts';
import type { Subject } from './conditions.ts';
import { judgePods } from './judgePods.ts';
import { missedPods, type MissedPod } from './missed.ts';
import { askingNamespaces, namespaceFindings, podFindings, selectsButForLevel } from './podFindings.ts';
import { releaseFindings, type ReleaseSummary } from './releaseFindings.ts';
import { targetFindings } from './targetFindings.ts';
import { triedFindings, type Trial } from './tried.ts';
import { placementFindings } from './unreadWishes.ts';
import { waitingFindings } from './waiting.ts';

/** The result of an audit; plain data, for people and for `-o json`. */
export interface CheckResult {
  /** No finding is an error. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly missed: readonly MissedPod[];
  readonly releases: readonly ReleaseSummary[];
}

/** All that was read from the cluster for `check`. */
export interface ClusterFacts {
  readonly registrations: Registrations;
  readonly inventory: Inventory;
  readonly compatibility: readonly Finding[];
  readonly states: readonly ReleaseState[];
  /** Dry runs for the workloads whose pods could not be created. */
  readonly trial: Trial;
  /** The findings about the agent's image in each namespace, when it was tested. */
  readonly pulls?: readonly Finding[] | undefined;
  readonly namespace: string | undefined;
  readonly now: Date;
}

/** Turns what was read into findings. Pure. */
export function judgeCluster({
  registrations,
  inventory,
  compatibility,
  states,
  trial,
  pulls = [],
  namespace,
  now,
}: ClusterFacts): CheckResult {
  const where = namespace === undefined ? 'the cluster' : `namespace ${namespace}`;
  const subjects = subjectsOf(inventory);
  const judged = judgePods(subjects, registrations.releases === undefined ? undefined : states);
  const missed = missedPods(judged);
  const looked = concerned(states, namespace, inventory).map((state) => releaseFindings(state, now));
  const { namespaces = [], workloads = [], pods = [] } = inventory;
  const releases = states.map(({ release }) => release);
  const findings = [
    ...compatibility,
    ...absenceFindings(registrations, askingNamespaces(namespaces), missed.length > 0, where),
    ...looked.flatMap((release) => release.findings),
    ...unreadable(inventory, where),
    ...namespaceFindings(namespaces, releases),
    ...placementFindings(releases, { namespaces, workloads, pods }),
    ...targetFindings(states, inventory),
    ...podFindings(judged, missed, where),
    ...waitingFindings(judged),
    ...attachedFindings(judged, where),
    ...triedFindings(trial),
    ...pulls,
  ];
  return {
    ok: findings.every(({ level }) => level !== 'error'),
    findings,
    missed,
    releases: looked.map(({ summary }) => summary),
  };
}

/** For one namespace, the releases that select its pods or run there; if there are none, all releases. */
function concerned(
  states: readonly ReleaseState[],
  namespace: string | undefined,
  { namespaces }: Inventory,
): readonly ReleaseState[] {
  const labels = namespaces?.find(({ metadata }) => metadata.name === namespace)?.metadata.labels ?? {};
  const near = states.filter(({ release }) => release.namespace === namespace || selectsButForLevel(release, labels));
  return namespace === undefined || near.length === 0 ? states : near;
}

function absenceFindings(
  { releases }: Registrations,
  asking: readonly string[],
  missed: boolean,
  where: string,
): Finding[] {
  if (releases === undefined) return [finding('releases_unreadable', 'the cluster', 'you may not list them')];
  if (releases.length > 0) return [];
  if (asking.length === 0 && !missed)
    return [finding('release_none', 'the cluster', 'there is no release; ways 1 and 2 work without one')];
  return [
    finding(
      'release_missing',
      where,
      asking.length === 0 ? 'pods ask for the sidecar' : `opted in: ${asking.join(', ')}`,
    ),
  ];
}

function unreadable(inventory: Inventory, where: string): Finding[] {
  const parts = (['namespaces', 'pods', 'workloads'] as const).filter((part) => inventory[part] === undefined);
  const missing = [...parts, ...(inventory.unreadable ?? [])];
  return missing.length === 0 ? [] : [finding('pods_unreadable', where, `you may not list ${missing.join(', ')}`)];
}

/** The pods, each with its namespace and its owners. */
function subjectsOf({ namespaces, pods = [], workloads = [] }: Inventory): Subject[] {
  const ownersIn = ownerIndex(workloads);
  const labels = new Map(namespaces?.map(({ metadata }) => [metadata.name, metadata.labels ?? {}] as const));
  return pods.map((pod: Pod) => {
    const namespace = pod.metadata.namespace ?? 'default';
    return {
      pod,
      namespace,
      namespaceLabels: labels.get(namespace),
      owners: ownersOf(pod.metadata, ownersIn(namespace)),
    };
  });
}
