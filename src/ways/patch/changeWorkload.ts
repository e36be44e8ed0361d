import { codedError } from '../../errors.ts';
import type { SkipReason } from '../../inject/index.ts';
import { type PatchOperation, type PodTemplate, templateAt, type WorkloadObject } from '../../kubernetes/api/types.ts';
import { kubectlJson, type Kubectl } from '../../kubernetes/kubectl.ts';
import { deliveryWarnings } from '../../kubernetes/owners.ts';
import { waitForRollout, type RolloutResult } from '../../kubernetes/rollout.ts';
import { sendPatch } from '../../kubernetes/sendPatch.ts';
import { checkTarget } from '../../kubernetes/target.ts';
import { restartOf } from '../../kubernetes/updateStrategy.ts';
import { guardOperations, workloadOf, type Workload } from '../../kubernetes/workload.ts';
import { isConflict, retryOnConflict } from '../../retryOnConflict.ts';

/** Which workload is changed, and how far. */
export interface ChangeOptions {
  /** TYPE/NAME as kubectl takes it: `deploy/web`, `deployment.apps/web`. */
  readonly target: string;
  readonly kubectl: Kubectl;
  /** Still works after Ctrl-C, to delete what a trial has created; by default `kubectl`. */
  readonly afterwards?: Kubectl | undefined;
  /** The API server checks everything and stores nothing. */
  readonly dryRun: boolean;
  /** Change it even if its pods would be refused; default false. */
  readonly force?: boolean | undefined;
  /** Wait until every pod has the new template. */
  readonly wait: boolean;
  /** The limit for the wait. */
  readonly timeoutSeconds: number;
  /** Ends the wait, not the rollout. */
  readonly signal?: AbortSignal | undefined;
  /** Takes one line for people, without a final newline: what will restart, warnings, progress. */
  readonly report: (line: string) => void;
}

/** What was done; plain data, for people and for `-o json`. */
export interface ChangeResult {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly result: 'patched' | 'unpatched' | 'unchanged' | 'dry-run';
  /** Why it is unchanged. */
  readonly reason?: SkipReason;
  /** Which pods restart, and when: a clause. */
  readonly restarts: string;
  readonly warnings: readonly string[];
  /** The JSON Patch that was sent, its guard included; empty when unchanged. */
  readonly patch: readonly PatchOperation[];
  /** How the wait ended, if there was something to wait for. */
  readonly rollout?: RolloutResult;
}

/** What is changed in a workload as it is now, or why nothing is. */
export type ChangeDecision =
  | { readonly change: false; readonly reason: SkipReason; readonly warnings: readonly string[] }
  | {
      readonly change: true;
      readonly warnings: readonly string[];
      readonly operations: readonly PatchOperation[];
      /** Checks the template that the API server would store; returns warnings, and throws to stop the change. */
      readonly check: (stored: PodTemplate) => Promise<readonly string[]>;
    };

/** A kind of change: how it is decided for a workload, and what its result is called. */
export interface WorkloadChange {
  readonly result: 'patched' | 'unpatched';
  readonly decide: (workload: Workload) => Promise<ChangeDecision>;
  /** What to do when the rollout fails: one sentence. */
  readonly undo: (workload: Workload) => string;
}

interface Done {
  readonly result: ChangeResult;
  readonly workload: Workload;
  /** As the API server has it now. */
  readonly object: WorkloadObject;
}

/**
 * Reads a workload, decides, changes only what is needed and, if asked to, waits for the rollout. If somebody else
 * changes the workload at the same moment, all of this is done once more.
 * @throws USAGE, KIND_UNSUPPORTED, NOT_INJECTABLE, POD_SECURITY, CONFLICT, ROLLOUT_FAILED and as {@link Kubectl}
 */
export async function changeWorkload(options: ChangeOptions, change: WorkloadChange): Promise<ChangeResult> {
  const { kubectl, wait, dryRun, timeoutSeconds, signal, report } = options;
  const target = checkTarget(options.target);
  const { result, workload, object } = await retryOnConflict(2, async (attempt) => {
    if (attempt > 1) report('somebody else changed the workload at the same moment; reading it again');
    return changeOnce({ ...options, target }, change);
  });
  if (!wait || dryRun) return result;
  if (!restartOf(object).rollout) {
    report(`${workload.where}: nothing to wait for`);
    return result;
  }
  const { namespace, path } = workload;
  const undo = change.undo(workload);
  const rollout = await waitForRollout({
    kubectl,
    target,
    namespace,
    changed: object,
    path,
    timeoutSeconds,
    signal,
    report,
    undo,
  });
  return { ...result, rollout };
}

async function changeOnce(
  { target, kubectl, dryRun, report }: ChangeOptions,
  { result, decide }: WorkloadChange,
): Promise<Done> {
  const workload = workloadOf(await kubectlJson<WorkloadObject>(kubectl, ['get', target, '--show-managed-fields']));
  const { object, where, namespace, path } = workload;
  const identity = { kind: object.kind, namespace, name: object.metadata.name };
  const decision = await decide(workload);
  if (!decision.change) {
    for (const line of decision.warnings) report(`warning: ${line}`);
    const restarts = 'no pod restarts: nothing is changed';
    return {
      workload,
      object,
      result: {
        ...identity,
        result: 'unchanged',
        reason: decision.reason,
        restarts,
        warnings: decision.warnings,
        patch: [],
      },
    };
  }
  const restarts = restartOf(object).text;
  report(`${where}: ${restarts}`);
  const patch = [...guardOperations(object), ...decision.operations];
  const send = async (asDryRun: boolean): ReturnType<typeof sendPatch> =>
    located(where, () => sendPatch(kubectl, { target, namespace, operations: patch, dryRun: asDryRun }));
  const tried = await send(true);
  const before = [...decision.warnings, ...deliveryWarnings(object), ...tried.warnings];
  for (const line of before) report(`warning: ${line}`);
  const found = await decision.check(templateAt(tried.object, path));
  for (const line of found) report(`warning: ${line}`);
  const warnings = [...before, ...found];
  const stored = dryRun ? object : (await send(false)).object;
  return {
    workload,
    object: stored,
    result: { ...identity, result: dryRun ? 'dry-run' : result, restarts, warnings, patch },
  };
}

/** Names the object and the cause of a conflict, because kubectl's message about a failed `test` has neither. */
async function located<T>(where: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw codedError('CONFLICT', 'the workload is no longer as it was read; nothing was changed', {
      where,
      cause: error,
    });
  }
}
