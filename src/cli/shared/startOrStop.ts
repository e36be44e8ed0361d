import {
  checkPersistable,
  persistSettings,
  updatePods,
  type UpdatedPod,
  type UpdatePodsResult,
} from '../../captures/index.ts';
import { codedError } from '../../errors.ts';
import { clusterFlagsOf } from '../../kubernetes/clusterFlags.ts';
import { makeKubectl } from '../../kubernetes/kubectl.ts';
import type { SettingValues } from '../../settings/index.ts';
import type { ChangeResult } from '../../ways/patch/changeWorkload.ts';
import { durationOfFlag } from '../flags/flagValues.ts';
import { somePodsOf } from '../flags/podFlags.ts';
import type { StartStopFlags } from '../flags/startStopFlags.ts';
import { interruption } from '../io/interruption.ts';
import { printJson, say } from '../io/output.ts';
import { notCaptured, tellWithout } from './withoutSidecar.ts';

/** `start` and `stop`: report to standard error, and print the result to standard output with `-o json`. */
export async function runStartOrStop(
  name: string | undefined,
  flags: StartStopFlags,
  settings: SettingValues,
): Promise<void> {
  const { namespace, output, persist = false, dryRun = false, force = false } = flags;
  const target = somePodsOf(name, flags);
  const timeoutSeconds = durationOfFlag(flags.timeout, '--timeout', { example: '60s' });
  const workload = persist ? persistTarget(name) : undefined;
  const signal = interruption();
  const kubectl = makeKubectl({ ...clusterFlagsOf(flags), namespace, signal });
  const report = say;
  if (workload !== undefined) await checkPersistable({ kubectl, target: workload, settings, force });
  const result = await updatePods({
    kubectl,
    target,
    settings,
    dryRun,
    replaced: persist,
    wait: flags.wait === 'true',
    timeoutSeconds,
    signal,
    report,
  });
  if (result.pods.length === 0) throw notCaptured(result);
  const template =
    workload === undefined
      ? undefined
      : await persistSettings({ kubectl, target: workload, settings, dryRun, force, signal, report });
  if (output === 'json') printJson(jsonOf(result, template, persist));
  tellWithout(result.without);
  conclude(result.pods, report);
}

/** Refuses --persist for a target without a pod template. @throws USAGE */
function persistTarget(name: string | undefined): string {
  if (name?.includes('/') === true && !/^(?:po|pods?)\//i.test(name)) return name;
  throw codedError('USAGE', '--persist needs a workload, TYPE/NAME: a pod has no pod template', { where: '--persist' });
}

function jsonOf({ pods, without }: UpdatePodsResult, template: ChangeResult | undefined, persist: boolean): object {
  return { pods, without, ...(persist ? { template: template ?? null } : {}) };
}

function conclude(pods: readonly UpdatedPod[], report: (line: string) => void): void {
  const count = (result: UpdatedPod['result']): number => pods.filter((pod) => pod.result === result).length;
  const order = ['confirmed', 'changed', 'unchanged', 'dry-run', 'gone', 'unconfirmed', 'failed'] as const;
  const sums = order.flatMap((result) => (count(result) === 0 ? [] : [`${count(result)} ${result}`]));
  if (pods.length > 1) report(`${pods.length} pods: ${sums.join(', ')}`);
  const bad = pods.filter(({ result }) => result === 'unconfirmed' || result === 'failed');
  const [first] = bad;
  if (first === undefined) return;
  throw codedError(
    'CAPTURE_UNCONFIRMED',
    `${bad.length} of ${pods.length} ${pods.length === 1 ? 'pod has' : 'pods have'} not confirmed the change`,
    {
      where: `${first.namespace}/${first.pod}: ${first.agent ?? ''}`,
      ...(bad.every(({ result }) => result === 'failed') ? { hint: 'Nothing was changed there.' } : {}),
    },
  );
}
