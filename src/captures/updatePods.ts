import { rethrowUnlessRecoverable } from '../errors.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import type { SettingValues } from '../settings/index.ts';
import type { AgentStatus } from './agentStatus.ts';
import { hasFinished } from './agentVerdict.ts';
import { annotatePod } from './annotate.ts';
import { findPods, notRunning, type CapturedPod, type FoundPods, type BarePod, type PodTarget } from './findPods.ts';
import { mirrorProblem } from './mirrorHint.ts';
import { withOwnSettings } from './ownSettings.ts';
import { mapParallel } from './parallel.ts';
import { readAgentStatus } from './readAgentStatus.ts';
import { atOnce } from './readStatus.ts';
import { dueOrders, setInPod, type AgentOrders } from './setInPod.ts';
import {
  changedAnnotations,
  changesText,
  effectiveChanges,
  changedRingProblem,
  settingChanges,
  type SettingChange,
} from './settingChanges.ts';
import { waitForAgents, type Awaited } from './waitForAgents.ts';

/** Which settings of which pods are set, and whether their agents are waited for. */
export interface UpdatePodsOptions {
  readonly kubectl: Kubectl;
  readonly target: PodTarget;
  /** Valid settings to set, including `state`; an empty value means the default. */
  readonly settings: SettingValues;
  /** The pods of the target, when they were just read. */
  readonly found?: FoundPods | undefined;
  /** What attached agents are told besides. */
  readonly orders?: AgentOrders | undefined;
  /** The API server checks everything and stores nothing. */
  readonly dryRun: boolean;
  /** Their pod template is changed too, so that their successors can do what these pods cannot. */
  readonly replaced?: boolean | undefined;
  /** Wait until every agent does what was requested. */
  readonly wait: boolean;
  readonly timeoutSeconds: number;
  /** Seconds to wait for a change before the kubelet is asked again. */
  readonly refreshAfterSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes one line for people, without a final newline. */
  readonly report: (line: string) => void;
}

/** The results for a pod, one clause each. */
export const updateResults = {
  confirmed: 'its agent reports that it does what was asked',
  changed:
    'its settings are changed; the command did not wait for its agent, or the container of the agent does not run yet',
  unchanged: 'its settings had these values already',
  unconfirmed: 'its agent refuses, or was not done in time; `agent` has the reason',
  gone: 'it ended in the meantime',
  failed: 'nothing was changed; `agent` has the reason',
  'dry-run': 'it would be changed',
} as const;

/** The result for a pod; plain data, for people and for `-o json`. */
export interface UpdatedPod {
  readonly namespace: string;
  readonly pod: string;
  readonly result: keyof typeof updateResults;
  readonly changes: readonly SettingChange[];
  /** What its agent does, or why that is not known; null when it was not asked. */
  readonly agent: string | null;
  /** Of a failure: its container has ended. */
  readonly ended?: true;
  /** Of `unconfirmed`: its agent refuses a setting. */
  readonly refused?: true;
}

/** The results by pod, in the order of FoundPods. */
export interface UpdatePodsResult {
  readonly pods: readonly UpdatedPod[];
  /** Pods of the target without the sidecar. */
  readonly without: readonly BarePod[];
  /** The target, for messages. */
  readonly where: string;
  /** As in FoundPods. */
  readonly ended?: string | undefined;
}

interface Sent {
  readonly pod: CapturedPod;
  readonly changes: readonly SettingChange[];
  readonly failure?: Pick<UpdatedPod, 'result' | 'agent' | 'ended'>;
  /** The status of its agent before the change. */
  readonly before: AgentStatus | undefined;
}

/**
 * Sets annotations of live pods, so that their agents start, stop or change their captures; attached agents are told
 * directly, because they see no annotations. Nothing restarts.
 * @throws as findPods, INTERRUPTED, KUBECTL_MISSING; errors of one pod are in the result
 */
export async function updatePods(options: UpdatePodsOptions): Promise<UpdatePodsResult> {
  const { kubectl, target } = options;
  const found = options.found ?? (await findPods(kubectl, target));
  const sent = await mapParallel(found.captured, atOnce, async (pod) => updatePod(options, pod));
  const waiting = sent.filter(
    ({ pod, failure }) => options.wait && !options.dryRun && failure === undefined && pod.ready && !pod.deleting,
  );
  const awaited = await waitForAgents(options, waiting);
  const results = new Map(waiting.map(({ pod }, index) => [pod, awaited[index]]));
  const pods = sent.map((one) => updatedPod(options, one, results.get(one.pod)));
  return { pods, without: found.without, where: found.where, ended: found.ended };
}

async function updatePod(options: UpdatePodsOptions, found: CapturedPod): Promise<Sent> {
  const { settings, dryRun, report } = options;
  const name = `${found.namespace}/${found.name}`;
  const before = await statusBefore(options, found);
  const pod = found.attached === true ? withOwnSettings(found, before) : found;
  const changes = settingChanges(pod.annotations, settings);
  const problem = changedRingProblem(pod, settings) ?? (cannotBeTold(pod) ? notRunning(pod) : undefined);
  if (problem !== undefined) {
    report(`${name}: not changed: ${problem}`);
    return { pod, changes: [], before: undefined, failure: { result: 'failed', agent: problem } };
  }
  try {
    await send(options, pod, changes, before);
    if (changes.length > 0) report(`${name}: ${changesText(changes)}${dryRun ? ' (dry run)' : ''}`);
    const unmirrored = mirrorProblem(pod, settings);
    if (unmirrored !== undefined) report(`${name}: ${unmirrored}`);
    if (before !== undefined && hasFinished(before) && effectiveChanges(pod, changes).length === 0) {
      report(`${name}: its capture has ended (${before.reason ?? ''}); starting it again`);
      if (!dryRun) await beginAnew(options, pod, before);
    }
    return { pod, changes, before };
  } catch (error) {
    const failure = failureOf(error);
    report(`${name}: ${failure.agent ?? ''}`);
    return { pod, changes, before, failure };
  }
}

/** An annotation waits for a sidecar that does not run yet; an attached agent must run. */
function cannotBeTold({ attached, ready }: CapturedPod): boolean {
  return attached === true && !ready;
}

/** Attached agents are told, all others read it in the pod's annotations. */
async function send(
  { kubectl, orders, dryRun }: Pick<UpdatePodsOptions, 'kubectl' | 'orders' | 'dryRun'>,
  pod: CapturedPod,
  changes: readonly SettingChange[],
  before: AgentStatus | undefined,
): Promise<void> {
  if (pod.attached !== true) {
    if (changes.length > 0) await annotatePod(kubectl, pod, changedAnnotations(changes), dryRun);
    return;
  }
  const settings = Object.fromEntries(changes.map((change) => [change.setting, change.new]));
  if (!dryRun) await setInPod(kubectl, pod, settings, dueOrders(orders, before, new Date()));
}

/** Only read for a start, and of attached agents, whose settings nothing else shows. */
async function statusBefore(
  { kubectl, settings }: UpdatePodsOptions,
  pod: CapturedPod,
): Promise<AgentStatus | undefined> {
  if (!pod.ready || (settings.state === 'idle' && pod.attached !== true)) return undefined;
  const asked = await readAgentStatus(kubectl, pod);
  return 'status' in asked ? asked.status : undefined;
}

/** Sets the state to idle and back, because an agent starts a capture again only when its settings change. */
async function beginAnew(options: UpdatePodsOptions, pod: CapturedPod, before: AgentStatus): Promise<void> {
  const setState = async (state: string): Promise<void> =>
    send({ ...options, dryRun: false }, pod, [{ setting: 'state', old: null, new: state }], before);
  await setState('idle');
  await waitForAgents({ ...options, settings: { state: 'idle' }, report: () => undefined }, [
    { pod, changes: [], before },
  ]);
  await setState('running');
}

function failureOf(error: unknown): Pick<UpdatedPod, 'result' | 'agent' | 'ended'> {
  rethrowUnlessRecoverable(error);
  if (error.code === 'NOT_FOUND' || error.code === 'CONFLICT') return { result: 'gone', agent: 'the pod is gone' };
  const ended = error.code === 'AGENT_ENDED' ? ({ ended: true } as const) : {};
  return { result: 'failed', agent: error.message, ...ended };
}

function updatedPod(
  { dryRun, wait, settings, replaced }: UpdatePodsOptions,
  { pod, changes, failure }: Sent,
  awaited: Awaited | undefined,
): UpdatedPod {
  const identity = { namespace: pod.namespace, pod: pod.name, changes };
  if (failure !== undefined) return { ...identity, ...failure };
  if (dryRun) return { ...identity, result: changes.length === 0 ? 'unchanged' : 'dry-run', agent: null };
  const unmirrored = replaced === true || awaited?.result === 'gone' ? undefined : mirrorProblem(pod, settings);
  if (unmirrored !== undefined) return { ...identity, result: 'unconfirmed', agent: unmirrored };
  if (awaited !== undefined) return { ...identity, ...awaited };
  const agent = wait ? notRunning(pod) : null;
  return { ...identity, result: changes.length === 0 ? 'unchanged' : 'changed', agent };
}
