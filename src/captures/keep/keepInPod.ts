import { isCodedError, rethrowUnlessRecoverable } from '../../errors.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { settingAnnotation } from '../../settings/index.ts';
import { parseTime } from '../../time.ts';
import type { AgentStatus, KeptWindow } from '../agentStatus.ts';
import { annotatePod } from '../annotate.ts';
import { readNote } from '../download/index.ts';
import type { CapturedPod } from '../findPods.ts';
import { parseKeepNote } from '../parseAgentStatus.ts';
import { pause } from '../pause.ts';
import { askPod, readAgentStatus } from '../readAgentStatus.ts';
import { isRefreshDue, refreshPod, usualSeconds } from '../refresh.ts';
import { keepByCommand } from './keepByCommand.ts';
import { keepValue, type KeepWindow } from './keepValue.ts';

/**
 * How an agent is asked to keep files. `reason` is part of its note, at most 1024 characters; `by` is the user's name.
 */
export interface KeepOptions {
  readonly kubectl: Kubectl;
  readonly reason: string;
  /** Who asks; undefined when that is not known. */
  readonly by: string | undefined;
  readonly timeoutSeconds: number;
  /** The API server checks everything and stores nothing, and no agent is asked. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Takes one line for people, without a final newline. */
  readonly report: (line: string) => void;
}

/** The result of a keep in one pod. */
export interface KeepOutcome {
  /**
   * kept: its agent has them; unconfirmed: its agent has not confirmed it (yet); gone: the pod has ended meanwhile;
   * failed: nothing was changed.
   */
  readonly result: 'kept' | 'unconfirmed' | 'dry-run' | 'gone' | 'failed';
  /** The agent's note; null unless `result` is `kept`. */
  readonly kept: KeptWindow | null;
  /** Why it is not kept; null otherwise. */
  readonly problem: string | null;
}

const everyMilliseconds = 700;
/** Nanoseconds: the end of a window that is farther away is not waited for. */
const waitedFor = 15_000_000_000n;

/**
 * Has the agent of a pod keep the files of a window: the sidecar by the pod's annotation, an attached agent by a
 * command, since it sees no annotations. Waits until the agent has confirmed it.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function keepInPod(options: KeepOptions, pod: CapturedPod, window: KeepWindow): Promise<KeepOutcome> {
  if (!pod.ready)
    return bad(
      'failed',
      `its container ${pod.container} does not run; the pod is ${pod.deleting ? 'Terminating' : pod.phase}`,
    );
  try {
    if (pod.attached === true)
      return options.dryRun ? planned : { ...done, kept: await keepByCommand(options, pod, window) };
    const value = keepValue(window, options.reason, options.by);
    const others = new Set(options.dryRun ? [] : await keepsBefore(options.kubectl, pod));
    await annotatePod(options.kubectl, pod, { [settingAnnotation('keep')]: value }, options.dryRun);
    return options.dryRun ? planned : await untilKept(options, pod, { window, value, others });
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return isGone(error) ? bad('gone', 'the pod is gone') : bad('failed', error.message);
  }
}

async function keepsBefore(kubectl: Kubectl, pod: CapturedPod): Promise<readonly string[]> {
  const answer = await readAgentStatus(kubectl, pod);
  return 'status' in answer ? (answer.status.kept?.ids ?? []) : [];
}

const done = { result: 'kept', problem: null } as const;
const planned: KeepOutcome = { result: 'dry-run', kept: null, problem: null };

function bad(result: KeepOutcome['result'], problem: string): KeepOutcome {
  return { result, kept: null, problem };
}

function isGone(error: unknown): boolean {
  return isCodedError(error) && (error.code === 'NOT_FOUND' || error.code === 'CONFLICT');
}

interface Asked {
  readonly window: KeepWindow;
  readonly value: string;
  /** Keeps that the agent had before, and those that were found to have another window. */
  readonly others: Set<string>;
}

async function untilKept(options: KeepOptions, pod: CapturedPod, asked: Asked): Promise<KeepOutcome> {
  const { kubectl, timeoutSeconds, signal, report } = options;
  const begun = performance.now();
  let refreshes = 0;
  for (;;) {
    const waited = (performance.now() - begun) / 1000;
    const verdict = await judge(kubectl, pod, asked);
    if ('outcome' in verdict) return verdict.outcome;
    if (waited >= timeoutSeconds) {
      if (verdict.begun !== undefined) return { ...done, kept: verdict.begun };
      return bad('unconfirmed', `not after ${timeoutSeconds}s: ${verdict.pending}`);
    }
    if (verdict.unseen === true && isRefreshDue(waited, refreshes, usualSeconds)) {
      refreshes += 1;
      report(
        `${pod.namespace}/${pod.name}: the annotation has not reached its agent after ${waited.toFixed(0)} s; asking the kubelet again`,
      );
      await refreshPod(kubectl, pod);
    }
    await pause(everyMilliseconds, signal);
  }
}

type Verdict =
  | { readonly outcome: KeepOutcome }
  | {
      readonly pending: string;
      readonly unseen?: true;
      /** The keep, whose last file is not closed yet. */
      readonly begun?: KeptWindow;
    };

async function judge(kubectl: Kubectl, pod: CapturedPod, asked: Asked): Promise<Verdict> {
  const answer = await readAgentStatus(kubectl, pod);
  if ('problem' in answer)
    return /\bnot found\b/i.test(answer.problem)
      ? { outcome: bad('gone', 'the pod is gone') }
      : { pending: answer.problem };
  const found = await findKeep(kubectl, pod, answer.status, asked);
  return found === undefined ? judgeUnkept(answer.status, asked) : judgeKept(answer.status, found);
}

/** The keep of this window among those of the agent. */
async function findKeep(
  kubectl: Kubectl,
  pod: CapturedPod,
  { kept }: AgentStatus,
  { window, others }: Asked,
): Promise<KeptWindow | undefined> {
  for (const id of kept?.ids?.filter((one) => !others.has(one)) ?? []) {
    const read = await askPod(async () => ({ text: await readNote(kubectl, pod, id) }));
    // It stands behind its checksum.
    const note = 'text' in read ? parseKeepNote(read.text.slice(read.text.indexOf('\n') + 1)) : undefined;
    if (note === undefined) continue;
    if (parseTime(note.from ?? '') === window.from && parseTime(note.to ?? '') === window.to) return note;
    others.add(id);
  }
  return undefined;
}

/** Pure. */
function judgeKept({ kept }: AgentStatus, note: KeptWindow): Verdict {
  const lasts = kept?.lasting?.includes(note.id) === true || note.ended === undefined;
  const [to, asked] = [note.to, note.requestedAt].map((text = '') => parseTime(text) ?? 0n);
  // The last file is closed within seconds of the window's end; an end that is minutes away is not waited for.
  return lasts && (to ?? 0n) <= (asked ?? 0n) + waitedFor
    ? { pending: 'its last file is not closed yet', begun: note }
    : { outcome: { ...done, kept: note } };
}

/** Why there is no keep of this window yet. Pure. */
function judgeUnkept({ settings = {}, kept, invalid = [], lastError }: AgentStatus, { value }: Asked): Verdict {
  const refusal = invalid.find((one) => one.setting === 'keep' && (one.value ?? value) === value);
  if (refusal !== undefined) return { outcome: bad('unconfirmed', `its agent refuses: ${refusal.reason}`) };
  if (kept === undefined)
    return { outcome: bad('unconfirmed', 'its agent is older than this program and keeps no files') };
  // On a full disk there is no keep.json, and this is all that it says; the error may be of an earlier keep.
  const error = lastError?.reason.startsWith('keep: ') === true ? `; its last error: ${lastError.reason}` : '';
  return settings['keep'] === value
    ? { pending: `its agent has not kept them yet${error}` }
    : { pending: 'its agent has not seen the annotation yet', unseen: true };
}
