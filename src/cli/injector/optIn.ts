import { Option, type Command } from 'commander';
import { codedError } from '../../errors.ts';
import { isObjectName } from '../../objectNames.ts';
import { optInTargets, parseTargets } from '../../release/hooks/index.ts';
import { assumedLevels, type AssumedLevel } from '../../sidecar/index.ts';
import type { ProbePodDemands } from '../../ways/webhook/probe.ts';
import { readConfiguration } from '../../ways/webhook/server/configuration.ts';
import { durationOfFlag } from '../flags/flagValues.ts';
import { addHookFlags, hookOptions, type HookFlags } from './hookFlags.ts';

interface OptInFlags extends HookFlags {
  readonly targets: string;
  readonly namespaceLabel: string;
  readonly annotation: string;
  readonly image: string;
  readonly timeout: string;
  readonly force?: boolean;
  readonly sidecarConfig?: string;
  readonly podSecurity: AssumedLevel;
  readonly pod?: string;
  readonly trialPod?: string;
  readonly deadline?: string;
}

/** `opt-in`: the chart's hook after an install, an upgrade and a rollback. */
export function addOptIn(program: Command): void {
  addHookFlags(
    program
      .command('opt-in')
      .description('wait until injection works, then opt namespaces and workloads in and record them'),
  )
    .requiredOption(
      '--targets <JSON>',
      '[{"namespace": "shop", "deployments": ["web"], "statefulSets": [], "daemonSets": []}]',
    )
    .requiredOption('--namespace-label <KEY>', 'set to "enabled" on each namespace')
    .requiredOption('--annotation <KEY>', 'set to "true" on the pod template of each workload')
    .requiredOption('--image <IMAGE>', 'of the pod that proves injection; it is never created')
    .option('--timeout <DURATION>', 'the limit for that proof', '90s')
    .option(
      '--pod <JSON>',
      'what its namespace demands of a pod: {"labels": {}, "annotations": {}, "resources": {}, "podSecurityContext": {}, "securityContext": {}}',
    )
    .option(
      '--sidecar-config <FILE>',
      'the sidecar of the release; before an opt-in, pods with it are tested in a dry run',
    )
    .addOption(
      new Option('--pod-security <LEVEL>', 'what namespaces without a Pod Security label enforce')
        .choices(assumedLevels)
        .default('auto'),
    )
    .option(
      '--trial-pod <NAME>',
      "the short-lived pod that tests the agent's image where targets run (default: no test)",
    )
    .option('--deadline <DURATION>', 'when the program will be killed; it ends its tests earlier, and reports the rest')
    .option(
      '--force',
      "opt workloads in even if the API server refuses their pods with the sidecar, or the agent's image does not start",
    )
    .action(
      async ({
        targets,
        namespaceLabel,
        annotation,
        image,
        timeout,
        pod,
        force = false,
        sidecarConfig,
        podSecurity,
        trialPod,
        deadline,
        ...flags
      }: OptInFlags) => {
        const timeoutSeconds = durationOfFlag(timeout, '--timeout', { example: '90s' });
        const deadlineSeconds =
          deadline === undefined ? undefined : durationOfFlag(deadline, '--deadline', { example: '180s' });
        if (trialPod !== undefined && !isObjectName(trialPod))
          throw codedError('USAGE', 'it is not the name of an object', { where: '--trial-pod' });
        const config = sidecarConfig === undefined ? undefined : await readConfiguration(sidecarConfig);
        await optInTargets({
          ...hookOptions(flags),
          targets: parseTargets(targets, '--targets'),
          keys: { namespaceLabel, annotation },
          image,
          demands: demandsOf(pod),
          timeoutSeconds,
          force,
          config,
          podSecurity,
          trialPod,
          deadlineSeconds,
        });
      },
    );
}

/** @throws USAGE */
function demandsOf(text: string | undefined): ProbePodDemands {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Reported below.
  }
  throw codedError('USAGE', 'it is not an object in JSON', { where: '--pod' });
}
