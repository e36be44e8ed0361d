import type { Command } from 'commander';
import { durationOfFlag } from '../durationFlag.ts';
import { optIn, parseTargets } from '../../targets/index.ts';
import { addHookFlags, hookOptions, type HookFlags } from './hookFlags.ts';

interface OptInFlags extends HookFlags {
  readonly targets: string;
  readonly namespaceLabel: string;
  readonly annotation: string;
  readonly image: string;
  readonly timeout: string;
}

/** `opt-in`: the chart's hook after an install, an upgrade and a rollback. */
export function addOptIn(program: Command): void {
  addHookFlags(program.command('opt-in').description('wait until injection works, then opt namespaces and workloads in and record them'))
    .requiredOption('--targets <JSON>', '[{"namespace": "shop", "deployments": ["web"], "statefulSets": [], "daemonSets": []}]')
    .requiredOption('--namespace-label <KEY>', 'set to "enabled" on each namespace')
    .requiredOption('--annotation <KEY>', 'set to "true" on the pod template of each workload')
    .requiredOption('--image <IMAGE>', 'of the pod that proves injection; it is never created')
    .option('--timeout <DURATION>', 'for the proof', '90s')
    .action(async ({ targets, namespaceLabel, annotation, image, timeout, ...flags }: OptInFlags) => {
      const timeoutSeconds = durationOfFlag(timeout, '--timeout', { example: '90s' });
      await optIn({ ...hookOptions(flags), targets: parseTargets(targets, '--targets'), keys: { namespaceLabel, annotation }, image, timeoutSeconds });
    });
}
