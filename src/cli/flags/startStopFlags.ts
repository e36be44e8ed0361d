import { Option, type Command } from 'commander';
import { addPodFlags, type PodFlags } from './podFlags.ts';

/** The flags that `start` and `stop` share. */
export interface StartStopFlags extends PodFlags {
  readonly persist?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly wait: 'true' | 'false';
  readonly timeout: string;
  readonly output?: 'json';
}

/** Adds the flags that `start` and `stop` share. */
export function addStartStopFlags(command: Command): Command {
  return addPodFlags(command)
    .option('--persist', "also change the workload's pod template, for later pods; this replaces its pods")
    .option('--force', 'with --persist: change the pod template even if its pods would be refused')
    .option('--dry-run', 'let the API server check everything and store nothing')
    .addOption(new Option('--wait <BOOLEAN>', 'wait for every agent').choices(['true', 'false']).default('true'))
    .option('--timeout <DURATION>', 'for --wait', '60s')
    .addOption(new Option('-o, --output <FORMAT>', 'json: the result, for programs').choices(['json']))
    .addHelpText('after', '\nExit codes: 0 every agent has done it, 1 an agent has not, 2 wrong usage.');
}
