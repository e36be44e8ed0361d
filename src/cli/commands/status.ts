import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { formatStatus, readStatus, type PodTarget, type StatusResult } from '../../captures/index.ts';
import { isCodedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl } from '../../kubernetes/kubectl.ts';
import { addPodFlags, podTargetOf, type PodFlags } from '../flags/podFlags.ts';
import { interruption } from '../io/interruption.ts';
import {
  exitWhenUnread,
  isTerminal,
  print,
  printJson,
  printJsonLine,
  printScreen,
  say,
  sayError,
} from '../io/output.ts';
import { notCaptured, tellWithout } from '../shared/withoutSidecar.ts';

/** `status`: shows the state of captured pods. */
export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description('show what each pod captures and has dropped')
    .argument(
      '[POD|TYPE/NAME]',
      "a pod's name, or a workload or Service as kubectl takes it: deploy/web (default: all captured pods)",
    );
  addPodFlags(command)
    .option(
      '-w, --watch',
      'refresh every two seconds; if standard output is not a terminal, print one JSON line each time',
    )
    .addOption(new Option('-o, --output <FORMAT>', 'json: for programs').choices(['json']))
    .addHelpText(
      'after',
      '\nExit codes: 0 at least one pod answered, or none was named and none is captured; 1 no pod answered; 2 wrong usage.',
    )
    .action(async (name: string | undefined, flags: StatusFlags) => {
      await runStatus(name, flags);
    });
}

/** The flags of `status`. */
export interface StatusFlags extends PodFlags {
  readonly watch?: boolean;
  readonly output?: 'json';
}

type Reading = () => Promise<StatusResult>;

const watchEvery = 2000;

/** `status`: prints the table or JSON to standard output, and pods that it leaves out to standard error. */
export async function runStatus(name: string | undefined, flags: StatusFlags): Promise<void> {
  const { namespace, output, allNamespaces = false } = flags;
  const target = podTargetOf(name, flags);
  const signal = interruption();
  const kubectl = makeKubectl({ ...clusterFlagsOf(flags), namespace, signal });
  const read: Reading = async () => readStatus(kubectl, target);
  const table = (result: StatusResult): string[] =>
    formatStatus(result.pods, { namespaces: allNamespaces, now: new Date() });
  if (flags.watch === true) return watch(read, output === 'json' || !isTerminal() ? undefined : table, signal);
  const result = await read();
  checkFound(result, target);
  if (output === 'json') printJson(jsonOf(result));
  else {
    if (result.pods.length > 0) print(table(result));
    else say(`${result.where}: no pod has the sidecar`);
    tellWithout(result.without);
  }
  if (result.pods.length > 0 && result.pods.every(({ status }) => status === null)) process.exitCode = 1;
}

/** Named pods without the sidecar are an error; without a name, an empty result is fine. */
function checkFound(result: StatusResult, { name, selector }: PodTarget): void {
  if (result.pods.length === 0 && (name !== undefined || selector !== undefined)) throw notCaptured(result);
}

function jsonOf({ pods, without }: StatusResult): object {
  return { time: new Date().toISOString(), pods, without };
}

/** Refreshes until Ctrl-C. An error after the first round is reported and does not end it: the next round may work. */
async function watch(
  read: Reading,
  table: ((result: StatusResult) => string[]) | undefined,
  signal: AbortSignal,
): Promise<void> {
  exitWhenUnread();
  for (let round = 1; !signal.aborted; round += 1) {
    try {
      const result = await read();
      if (table === undefined) printJsonLine(jsonOf(result));
      else printScreen([`${result.where}, ${new Date().toLocaleTimeString()}`, '', ...table(result)]);
    } catch (error) {
      if (signal.aborted) return;
      if (!isCodedError(error) || round === 1) throw error;
      sayError(error);
    }
    await sleep(watchEvery, undefined, { signal }).catch(() => undefined);
  }
}
