import { codedError } from '../../errors.ts';
import type { AssumedLevel, SidecarConfig } from '../../sidecar/index.ts';
import type { ProbePodDemands } from '../../ways/webhook/probe.ts';
import { makeApiClient, makeRetryingClient, type ApiClient, type ApiConnection } from './apiClient.ts';
import { changeAll, planAll, type Decide, type Planned } from './changeObjects.ts';
import { endless, type Ending } from './ending.ts';
import { eventOf, finish, type Report, type TargetEvent } from './hookReport.ts';
import { makeImageTrials } from './imageTrials.ts';
import { planOptIn } from './planChange.ts';
import type { InjectionKeys, TargetRecord } from './record.ts';
import { readRecord, updateRecord } from './recordStore.ts';
import { withoutTargets, type TargetObject } from './targetObject.ts';
import { checkPods } from './targetPodCheck.ts';
import { waitForInjection } from './waitForInjection.ts';

/** What the hook opts in, and for which release. The chart gives all of it as flags. */
export interface OptInOptions {
  readonly connection: ApiConnection;
  readonly release: string;
  /** The release's namespace. */
  readonly namespace: string;
  /** The record's ConfigMap, in the release's namespace. */
  readonly recordName: string;
  readonly targets: readonly TargetObject[];
  readonly keys: InjectionKeys;
  /** The image of the probe, a pod that is never created. */
  readonly image: string;
  /** Fields that the release's namespace demands of every pod. */
  readonly demands?: ProbePodDemands;
  /** The limit for the wait. */
  readonly timeoutSeconds: number;
  /**
   * Opt workloads in even if the API server refuses their pods with the sidecar, or the agent's image does not start.
   */
  readonly force: boolean;
  /** The sidecar of the release; undefined when only its injectors know it. */
  readonly config: SidecarConfig | undefined;
  /** The level of namespaces without a Pod Security label. */
  readonly podSecurity: AssumedLevel;
  /** The pod that tests the agent's image where targets run; undefined: no test. */
  readonly trialPod?: string | undefined;
  /** Seconds from the start of the process until it is killed; undefined: never. */
  readonly deadlineSeconds?: number | undefined;
  readonly ending?: Ending | undefined;
  readonly report: Report;
}

/**
 * Waits until injection works, then labels the namespaces, annotates the workloads and records both. Objects that are
 * opted in already are not written again. If an object cannot be changed, the others still are.
 * @throws TARGETS_INVALID, INJECTION_UNPROVEN, RECORD_INVALID, TARGETS_INCOMPLETE at the end, and as the API client
 */
export async function optInTargets(options: OptInOptions): Promise<void> {
  const {
    connection,
    release,
    namespace,
    recordName,
    targets,
    keys,
    image,
    demands = {},
    timeoutSeconds,
    report,
  } = options;
  checkTargets(targets, namespace);
  const api = makeRetryingClient(connection);
  const place = { namespace, name: recordName };
  // Read before the wait, so that a broken record is reported at once.
  await readRecord(api, place);
  await waitForInjection({
    api: makeApiClient(connection),
    release,
    namespace,
    image,
    demands,
    timeoutSeconds,
    report,
  });

  const owner = `${namespace}/${release}`;
  const decide: Decide = (present, { kind }) =>
    planOptIn(present, { kind, owner, key: kind === 'Namespace' ? keys.namespaceLabel : keys.annotation });
  const planned = await planAll(api, targets, decide);
  // Written before the changes, so that every change is recorded even if this program is killed.
  if (await updateRecord(api, place, (record) => recordOf(record, planned, keys)))
    report({ event: 'recorded', record: recordName });

  const events: TargetEvent[] = [];
  const tell = (result: Planned): void => {
    const event = eventOf(result, 'opted_in');
    events.push(event);
    report(event);
  };
  await changeAll(api, planned, decide, tell, follow, checkWith(options, api));
  finish(events, report);
}

/** Seconds before the deadline that are kept: for the start of the hook's pod, and to delete the trial pods. */
const reserveSeconds = 20;
/** The part of the remaining time for images. */
const imageMs = 30_000;

/** The checks before a workload is changed. */
function checkWith(options: OptInOptions, api: ApiClient): (row: Planned) => Promise<Planned> {
  const {
    keys,
    force,
    trialPod,
    deadlineSeconds = Infinity,
    ending = endless,
    config,
    podSecurity,
    timeoutSeconds,
    report,
  } = options;
  if (force) return async (row) => row;
  const endMs = (deadlineSeconds - Math.min(reserveSeconds, deadlineSeconds / 3)) * 1000;
  const tryImage =
    trialPod === undefined ? undefined : makeImageTrials({ api, podName: trialPod, endMs, ending, report });
  const check = {
    api,
    annotation: keys.annotation,
    config,
    podSecurity,
    timeoutSeconds,
    waitEndMs: endMs - imageMs,
    tryImage,
    report,
  };
  return async (row) => checkPods(check, row);
}

/** Refuses the release's own namespace. @throws TARGETS_INVALID */
function checkTargets(targets: readonly TargetObject[], namespace: string): void {
  if (!targets.some(({ kind, name }) => kind === 'Namespace' && name === namespace)) return;
  throw codedError('TARGETS_INVALID', `${namespace} is the release's own namespace, whose pods are never injected`, {
    where: '--targets',
  });
}

/** Recorded objects stay recorded until they are opted out, except those that turned out not to be the release's. */
function recordOf(record: TargetRecord | undefined, planned: readonly Planned[], keys: InjectionKeys): TargetRecord {
  const ours = planned.filter((row) => 'plan' in row && row.plan.ours);
  const notOurs = planned.filter((row) =>
    'plan' in row ? !row.plan.ours && row.plan.left !== 'owners_unreadable' : row.error.code === 'NOT_FOUND',
  );
  const kept = withoutTargets(
    record?.objects ?? [],
    notOurs.map(({ object }) => object),
  );
  return { keys, objects: [...kept, ...ours.map(({ object }) => object)] };
}

/**
 * A workload whose namespace could not be opted in is not changed: its pods would be replaced without effect now, and
 * not when the namespace is opted in.
 */
function follow(workload: Planned, namespaces: readonly Planned[]): Planned {
  const { object } = workload;
  const own = namespaces.find((row) => row.object.name === object.namespace);
  const isOpen = own !== undefined && 'plan' in own && (own.plan.ours || own.plan.left === 'set_by_others');
  if (isOpen || 'error' in workload) return workload;
  return { object, plan: { patch: undefined, ours: workload.plan.ours, left: 'namespace_not_opted_in' } };
}
