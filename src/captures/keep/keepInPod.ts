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
   * kept: its agent has them; keeping: it has begun, and goes on until the window ends; unconfirmed: its agent has not
   * confirmed it (yet); gone: the pod has ended meanwhile; failed: nothing was changed.
   */
  readonly result: 'kept' | 'keeping' | 'unconfirmed' | 'dry-run' | 'gone' | 'failed';
  /** The agent's note, as it was seen last; null when it has none yet. */
  readonly kept: KeptWindow | null;
  /** Why it is not kept; null otherwise. */
  readonly problem: string | null;
}

const everyMilliseconds = 700;
const keepsNone = 'its agent is older than this program and keeps no files';

/**
 * Has the agent of a pod keep the files of a window: the sidecar by the pod's annotation, an attached agent by a
 * command, since it sees no annotations. Waits until the agent has begun: {@link untilEnded} waits for the end.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function keepInPod(options: KeepOptions, pod: CapturedPod, window: KeepWindow): Promise<KeepOutcome> {
  if (!pod.ready)
    return bad(
      'failed',
      `its container ${pod.container} does not run; the pod is ${pod.deleting ? 'Terminating' : pod.phase}`,
    );
  try {
    if (pod.attached === true) return options.dryRun ? planned : confirmed(await keepByCommand(options, pod, window));
    const value = keepValue(window, options.reason, options.by);
    const before = options.dryRun ? { ids: [] } : await keepsBefore(options.kubectl, pod);
    if ('problem' in before) return bad('failed', before.problem);
    const others = new Set<string>(before.ids);
    await annotatePod(options.kubectl, pod, { [settingAnnotation('keep')]: value }, options.dryRun);
    return options.dryRun ? planned : await untilKept(options, pod, { window, value, others });
  } catch (error) {
    rethrowUnlessRecoverable(error);
    return isGone(error) ? bad('gone', 'the pod is gone') : bad('failed', error.message);
  }
}

/** The keeps that an agent has, or why it can never have one: then it is not asked for any. */
async function keepsBefore(
  kubectl: Kubectl,
  pod: CapturedPod,
): Promise<{ readonly ids: readonly string[] } | { readonly problem: string }> {
  const answer = await readAgentStatus(kubectl, pod);
  if ('problem' in answer) return answer.otherVersion === true ? { problem: answer.problem } : { ids: [] };
  const { kept } = answer.status;
  return kept === undefined ? { problem: keepsNone } : { ids: kept.ids ?? [] };
}

/** What its agent has done so far. Pure. */
export function confirmed(kept: KeptWindow): KeepOutcome {
  return { result: kept.ended === undefined ? 'keeping' : 'kept', kept, problem: null };
}

const planned: KeepOutcome = { result: 'dry-run', kept: null, problem: null };

function bad(result: KeepOutcome['result'], problem: string): KeepOutcome {
  return { result, kept: null, problem };
}

/** Whether an answer says that there is no such pod; a container that is started again is another matter. Pure. */
export function saysGone(problem: string): boolean {
  return /\bpods? "[^"]*" not found|cannot exec into a container in a completed pod/i.test(problem);
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
    if (waited >= timeoutSeconds) return bad('unconfirmed', `not after ${timeoutSeconds}s: ${verdict.pending}`);
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

type Verdict = { readonly outcome: KeepOutcome } | { readonly pending: string; readonly unseen?: true };

async function judge(kubectl: Kubectl, pod: CapturedPod, asked: Asked): Promise<Verdict> {
  const answer = await readAgentStatus(kubectl, pod);
  if ('problem' in answer)
    return saysGone(answer.problem) ? { outcome: bad('gone', 'the pod is gone') } : { pending: answer.problem };
  const found = await findKeep(kubectl, pod, answer.status, asked);
  return found === undefined ? judgeUnkept(answer.status, asked) : { outcome: confirmed(found) };
}

/** The keep of this window among those of the agent. */
async function findKeep(
  kubectl: Kubectl,
  pod: CapturedPod,
  { kept }: AgentStatus,
  { window, others }: Asked,
): Promise<KeptWindow | undefined> {
  for (const id of kept?.ids?.filter((one) => !others.has(one)) ?? []) {
    const note = await askNote(kubectl, pod, id);
    if ('problem' in note) continue;
    if (parseTime(note.from ?? '') === window.from && parseTime(note.to ?? '') === window.to) return note;
    others.add(id);
  }
  return undefined;
}

/** Why there is no keep of this window yet. Pure. */
function judgeUnkept({ settings = {}, kept, invalid = [], lastError }: AgentStatus, { value }: Asked): Verdict {
  const refusal = invalid.find((one) => one.setting === 'keep' && (one.value ?? value) === value);
  if (refusal !== undefined) return { outcome: bad('unconfirmed', `its agent refuses: ${refusal.reason}`) };
  if (kept === undefined) return { outcome: bad('unconfirmed', keepsNone) };
  const error = lastKeepError(lastError);
  return settings['keep'] === value
    ? { pending: `its agent has not kept them yet${error}` }
    : { pending: 'its agent has not seen the annotation yet', unseen: true };
}

/** On a full disk there is no keep.json, and this is all that the agent says; it may be of an earlier keep. Pure. */
export function lastKeepError(lastError: AgentStatus['lastError']): string {
  return lastError?.reason.startsWith('keep: ') === true ? `; its last error: ${lastError.reason}` : '';
}

/**
 * Reads the note of a keep.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function askNote(
  kubectl: Kubectl,
  pod: CapturedPod,
  id: string,
): Promise<KeptWindow | { readonly problem: string }> {
  const read = await askPod(async () => ({ text: await readNote(kubectl, pod, id) }));
  if ('problem' in read) return read;
  // It stands behind its checksum.
  return parseKeepNote(read.text.slice(read.text.indexOf('\n') + 1)) ?? { problem: 'its keep.json cannot be read' };
}
