import type { Command } from 'commander';
import { countOf } from './flagValues.ts';
import { addNamesFlag, type NamesFlag } from './namesFlag.ts';
import type { PodFlags } from './podFlags.ts';

/** The flags of commands that write packets as they arrive, next to those of the settings. */
export interface StreamFlags extends PodFlags, NamesFlag, Readonly<Record<string, unknown>> {
  readonly output: string;
  readonly force?: boolean;
  readonly maxPods: string;
  /** Without a name and labels: all captured pods of the namespace. No flag sets it. */
  readonly everyPod?: boolean;
}

/** Adds the flags that `stream` and `attach` share. */
export function addStreamFlags(command: Command): Command {
  return addNamesFlag(command)
    .option(
      '--max-pods <COUNT>',
      'capture in at most this many pods at a time: each needs a kubectl process here',
      '32',
    )
    .option('--force', 'overwrite the file');
}

/** Each pod needs a kubectl and three file descriptors of this process, and many systems allow 1024. */
const largestMaxPods = 250;

/** @throws USAGE */
export function mostPodsOf({ maxPods }: Pick<StreamFlags, 'maxPods'>): number {
  return countOf(maxPods, '--max-pods', largestMaxPods);
}
