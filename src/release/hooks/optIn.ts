import { codedError } from '../../errors.ts';
import type { AssumedLevel, SidecarConfig } from '../../sidecar/index.ts';
import type { ProbePodDemands } from '../../ways/webhook/probe.ts';
import { makeApiClient, makeRetryingClient, type ApiClient, type ApiConnection } from './apiClient.ts';
import { changeAll, planAll, type Decide, type Planned } from './changeObjects.ts';
import { endless, type Ending } from './ending.ts';
import { eventOf, finish, type Report, type TargetEvent } from './hookReport.ts';
import { makeImageTrials } from './imageTrials.ts';
import { planOptIn } from './optInPlan.ts';
import type { InjectionKeys, TargetRecord } from './record.ts';
import { readRecord, updateRecord } from './recordStore.ts';
import { withoutTargets, type TargetObject } from './targetObject.ts';
import { checkPods } from './targetPodCheck.ts';
import { waitForInjection } from './waitForInjection.ts';

export interface OptInOptions {
  readonly connection: ApiConnection;
  readonly release: string;
  /** The release's own. */
  readonly namespace: string;
  /** The record's ConfigMap, in the release's namespace. */
  readonly recordName: string;
  readonly targets: readonly TargetObject[];
  readonly keys: InjectionKeys;
  /** Of the probe pod, which is never created. */
  readonly image: string;
  /** What the release's namespace demands of every pod. */
  readonly demands?: ProbePodDemands;
  /** For the waiting. */
  readonly timeoutSeconds: number;
  /**
   * Opt workloads in although the API server refuses their pods with the sidecar, or the agent's image does not start.
   */
  readonly force: boolean;
  /** What the release injects; undefined: its injectors alone know. */
  readonly config: SidecarConfig | undefined;
  /** What namespaces without a Pod Security label enforce. */
  readonly podSecurity: AssumedLevel;
  /** The pod that tries the agent's image where targets run; undefined: no image is tried. */
  readonly trialPod?: string | undefined;
  /** Seconds from the start of the process after which it is ended; undefined: never. */
  readonly deadlineSeconds?: number | undefined;
  readonly ending?: Ending | undefined;
  readonly report: Report;
}

/**
 * Waits until injection works, then labels the namespaces, annotates the workloads and records both. What is so
 * already is not written again. An object that cannot be changed does not keep the others from it.
 * @throws TARGETS_INVALID, INJECTION_UNPROVEN, RECORD_INVALID, TARGETS_INCOMPLETE at the end, and as the API client
 */
export async function optIn(options: OptInOptions): Promise<void> {
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
  // A record that cannot be read is better known before the waiting.
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
  // Before the changes, so that whatever ends this program leaves nothing behind that is not recorded.
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

/** Kept of the deadline: the hook's pod has to be there first, and what is made has to be taken away. */
const reserveSeconds = 20;
/** Of what is left, for images. */
const imageMs = 30_000;

/** What has to hold before a workload is changed. */
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

/** @throws TARGETS_INVALID */
function checkTargets(targets: readonly TargetObject[], namespace: string): void {
  if (!targets.some(({ kind, name }) => kind === 'Namespace' && name === namespace)) return;
  throw codedError('TARGETS_INVALID', `${namespace} is the release's own namespace, where no pod is ever injected`, {
    where: '--targets',
  });
}

/** What was recorded stays until it is undone, but for what turned out not to be the release's. */
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
 * A workload whose namespace could not be opted in is not touched: it would roll for nothing now, and not roll when it
 * should.
 */
function follow(workload: Planned, namespaces: readonly Planned[]): Planned {
  const { object } = workload;
  const own = namespaces.find((row) => row.object.name === object.namespace);
  const isOpen = own !== undefined && 'plan' in own && (own.plan.ours || own.plan.left === 'set_by_others');
  if (isOpen || 'error' in workload) return workload;
  return { object, plan: { patch: undefined, ours: workload.plan.ours, left: 'namespace_not_opted_in' } };
}
