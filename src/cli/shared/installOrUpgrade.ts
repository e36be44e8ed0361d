import { text as readStream } from 'node:stream/consumers';
import { codedError, isCodedError, type CodedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { ownFolder } from '../../ownFiles/ownFolder.ts';
import type { ValuesMode } from '../../release/helm/releaseValues.ts';
import { readsStdin, type InstallFlags } from '../flags/installFlags.ts';
import { timeoutOf, type ReleaseFlags } from '../flags/releaseFlags.ts';
import { checkConfirmation, confirmation } from '../io/confirmation.ts';
import { interruption } from '../io/interruption.ts';
import { print, printJson, say } from '../io/output.ts';

/** What differs between `install` and `upgrade`. `rotate`: take the next steps of a rotation of the certificates. */
export interface InstallMode {
  readonly valuesMode: ValuesMode;
  readonly mustExist: boolean;
  readonly rotate: boolean;
}

/**
 * `install` and `upgrade`: report to standard error, and print the summary, the diff or the JSON to standard output.
 */
export async function runInstall(flags: InstallFlags, mode: InstallMode): Promise<void> {
  const stdinTaken = readsStdin(flags);
  checkConfirmation(flags, stdinTaken);
  const timeoutSeconds = timeoutOf(flags);
  const { formatResult, installRelease } = await import('../../release/index.ts');
  const signal = interruption();
  const cluster = clusterFlagsOf(flags);
  const { release, namespace, chart = ownFolder('chart'), values = [], set = [], setString = [] } = flags;
  await printing(flags, async (reported) => {
    const outcome = await installRelease({
      ...mode,
      release,
      namespace,
      cluster,
      chart,
      timeoutSeconds,
      signal,
      given: { files: values, set, setString, stdin: stdinTaken ? await readStream(process.stdin) : undefined },
      dryRun: flags.dryRun === true,
      force: flags.force === true,
      confirm: confirmation(flags, signal),
      report: say,
      now: () => new Date(),
    });
    if (flags.output === 'json') printJson(outcome);
    else if (outcome.result !== 'refused') {
      const diff = (outcome.changes ?? []).map((change) => change.diff).join('');
      if (diff !== '') print(diff.trimEnd().split('\n'));
      const lines = formatResult(outcome);
      // The summary goes to standard error, so that the diff alone can be piped.
      if (outcome.result === 'dry-run') for (const text of lines) say(text);
      else print(lines);
    }
    if (outcome.result !== 'refused') return;
    const errors = outcome.findings.filter(({ level }) => level === 'error').length;
    throw reported(
      codedError('PREFLIGHT_FAILED', `the preflight found ${errors === 1 ? 'an error' : `${errors} errors`}`, {
        where: `release ${release} in namespace ${namespace}`,
      }),
    );
  });
}

/** Marks an error that was already printed to standard output. */
type Reported = (error: CodedError) => CodedError;

/** Runs a command; with `-o json`, an error is printed as JSON too. */
export async function printing(
  { output, release, namespace }: ReleaseFlags,
  work: (reported: Reported) => Promise<void>,
): Promise<void> {
  const shown = new WeakSet<Error>();
  const reported: Reported = (error) => {
    shown.add(error);
    return error;
  };
  try {
    await work(reported);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    if (output === 'json' && !shown.has(error)) {
      const { code, message: what, where, hint } = error;
      printJson({
        result: 'failed',
        release,
        namespace,
        error: { code, what, ...(where === undefined ? {} : { where }), hint },
      });
    }
    throw error;
  }
}
