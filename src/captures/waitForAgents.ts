import type { Kubectl } from '../kubernetes/kubectl.ts';
import { plainText } from '../plainText.ts';
import type { SettingValues } from '../settings/index.ts';
import { openFile, type AgentStatus } from './agentStatus.ts';
import { judgeAgent, type Expectation, type Verdict } from './agentVerdict.ts';
import type { CapturedPod } from './findPods.ts';
import { mapParallel } from './parallel.ts';
import { pause } from './pause.ts';
import { readAgentStatus } from './readAgentStatus.ts';
import { atOnce } from './readStatus.ts';
import { isRefreshDue, refreshPod, usualSeconds } from './refresh.ts';
import { effectiveChanges, effectiveValues, type SettingChange } from './settingChanges.ts';

/** What is the same for all pods. At the timeout, pods whose agents are not yet there are `unconfirmed`. */
export interface WaitOptions {
  readonly kubectl: Kubectl;
  readonly settings: SettingValues;
  readonly timeoutSeconds: number;
  /** Seconds to wait for a change before the kubelet is asked again. */
  readonly refreshAfterSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes one line for people. */
  readonly report: (line: string) => void;
}

/** A pod whose settings were changed. */
export interface Waiting {
  readonly pod: CapturedPod;
  readonly changes: readonly SettingChange[];
  /** The status of its agent before the change, if known. */
  readonly before: AgentStatus | undefined;
}

/** How the wait for one pod ended; `gone`: the pod has ended meanwhile. */
export interface Awaited {
  readonly result: 'confirmed' | 'unconfirmed' | 'gone';
  /** What its agent does, or why that is not known. */
  readonly agent: string;
  /** The agent refuses a setting, so waiting does not help. */
  readonly refused?: true;
}

/** The kubelet needs up to a second for a change, and the agent up to one more. */
const everyMilliseconds = 700;
/** Rounds in which a status "finished" does not count: it may still be the one before the change. */
const finishedRounds = 4;

/**
 * Waits until each agent does what was requested, and reports it for each pod. If a change does not arrive, the
 * kubelet is asked to write it again. The results are in the order of the pods.
 */
export async function waitForAgents(options: WaitOptions, pods: readonly Waiting[]): Promise<Awaited[]> {
  const { timeoutSeconds, signal, report } = options;
  const begun = performance.now();
  const waited = (): number => (performance.now() - begun) / 1000;
  const results = new Map<Waiting, Awaited>();
  const finished = new Map<Waiting, number>();
  const refreshes = new Map<Waiting, number>();
  for (let open = pods; open.length > 0; open = pods.filter((pod) => !results.has(pod))) {
    const last = waited() >= timeoutSeconds;
    await mapParallel(open, atOnce, async (waiting) => {
      const verdict = await judgePod(options, waiting);
      finished.set(waiting, verdict.kind === 'finished' ? (finished.get(waiting) ?? 0) + 1 : 0);
      const result = awaitedOf(
        verdict,
        (finished.get(waiting) ?? 0) >= finishedRounds,
        last ? timeoutSeconds : undefined,
      );
      if (result === undefined) {
        // An attached agent does not depend on the kubelet.
        if (verdict.kind === 'unseen' && waiting.pod.attached !== true)
          await refreshIfDue(options, waiting, waited(), refreshes);
        return;
      }
      results.set(waiting, result);
      report(`${waiting.pod.namespace}/${waiting.pod.name}: ${plainText(result.agent, 300)}`);
    });
    if (results.size < pods.length) await pause(everyMilliseconds, signal);
  }
  return pods.map((pod) => results.get(pod) ?? { result: 'unconfirmed', agent: '' });
}

async function refreshIfDue(
  { kubectl, refreshAfterSeconds = usualSeconds, report }: WaitOptions,
  waiting: Waiting,
  waited: number,
  refreshes: Map<Waiting, number>,
): Promise<void> {
  const times = refreshes.get(waiting) ?? 0;
  if (!isRefreshDue(waited, times, refreshAfterSeconds)) return;
  refreshes.set(waiting, times + 1);
  report(
    `${waiting.pod.namespace}/${waiting.pod.name}: the change has not reached its agent after ${waited.toFixed(0)} s; asking the kubelet again`,
  );
  await refreshPod(kubectl, waiting.pod);
}

/** The verdict on a pod as it is now; `silent`: its agent is of a version that cannot tell. */
type LiveVerdict = Verdict | { readonly kind: 'gone' } | { readonly kind: 'silent'; readonly text: string };

async function judgePod({ kubectl, settings }: WaitOptions, { pod, changes, before }: Waiting): Promise<LiveVerdict> {
  const asked = await readAgentStatus(kubectl, pod);
  if ('problem' in asked) {
    // An agent that does not know the question is not asked again; it follows its annotations all the same.
    if (asked.otherVersion === true) return { kind: 'silent', text: `it cannot confirm this: ${asked.problem}` };
    return /\bnot found\b/i.test(asked.problem) ? { kind: 'gone' } : { kind: 'pending', text: asked.problem };
  }
  const expectation: Expectation = {
    values: effectiveValues(pod, settings),
    changed: effectiveChanges(pod, changes),
    mirrors: pod.mirrors,
    fileBefore: before === undefined ? undefined : openFile(before),
  };
  return judgeAgent(asked.status, expectation);
}

function awaitedOf(verdict: LiveVerdict, surelyFinished: boolean, timeUp: number | undefined): Awaited | undefined {
  if (verdict.kind === 'gone') return { result: 'gone', agent: 'the pod is gone' };
  if (verdict.kind === 'done' || surelyFinished) return { result: 'confirmed', agent: verdict.text };
  if (verdict.kind === 'silent') return { result: 'unconfirmed', agent: verdict.text };
  if (verdict.kind === 'refused') {
    return { result: 'unconfirmed', agent: `it refuses: ${verdict.text}`, refused: true };
  }
  return timeUp === undefined ? undefined : { result: 'unconfirmed', agent: `not after ${timeUp}s: ${verdict.text}` };
}
