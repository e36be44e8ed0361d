import { checkImage } from '../../dryRun/imageCheck.ts';
import { refusingSidecar } from '../../dryRun/index.ts';
import { readPodSecurityLevel } from '../../dryRun/namespacePodSecurity.ts';
import { checkPods } from '../../dryRun/podCheck.ts';
import { codedError } from '../../errors.ts';
import {
  additionPatch,
  leftOutReasons,
  olderSidecar,
  olderText,
  planInjection,
  planUpdate,
  skipReasons,
  updatePatch,
  withoutRemoved,
  type Addition,
  type PodSecurityLevel,
  type SkipReason,
} from '../../inject/index.ts';
import { type PodTemplate, objectName } from '../../kubernetes/api/types.ts';
import type { Workload } from '../../kubernetes/workload.ts';
import type { SettingValues } from '../../settings/index.ts';
import { shell } from '../../shell.ts';
import type { SidecarAmounts, SidecarConfig } from '../../sidecar/index.ts';
import { changeWorkload, type ChangeDecision, type ChangeOptions, type ChangeResult } from './changeWorkload.ts';
import { checkStored } from './checkStored.ts';

/** What is added, and how. */
export interface AddSidecarOptions extends ChangeOptions {
  readonly config: SidecarConfig;
  /** Settings to write into the annotations of the pod template; not for a custom sidecar. */
  readonly settings: SettingValues;
  /** The sidecar's CPU and memory, which are written there too. */
  readonly amounts?: SidecarAmounts | undefined;
  /**
   * The user described the sidecar with flags, so a sidecar that is there already is replaced. Default false: only its
   * settings change.
   */
  readonly renew?: boolean | undefined;
  /** The level of the namespace; by default that of its label. */
  readonly podSecurity?: PodSecurityLevel | undefined;
}

/**
 * Adds the sidecar to the pod template of a workload in the cluster, or changes the settings of a sidecar that is
 * there. A second call with the same options changes nothing.
 * @throws USAGE, KIND_UNSUPPORTED, NOT_INJECTABLE, POD_SECURITY, CONFLICT, ROLLOUT_FAILED and as {@link Kubectl}
 */
export async function addSidecar(options: AddSidecarOptions): Promise<ChangeResult> {
  const configFlag = options.config.form === 'custom' ? ['--sidecar-config', 'FILE'] : [];
  return changeWorkload(options, {
    result: 'patched',
    decide: (workload) => decideAddition(options, workload),
    undo: ({ object, namespace }) =>
      `${shell`packet-capture unpatch ${objectName(object)} --namespace ${namespace} ${configFlag}`} undoes the change.`,
  });
}

async function decideAddition(options: AddSidecarOptions, workload: Workload): Promise<ChangeDecision> {
  const { kubectl, config, settings, amounts, renew = false, force = false } = options;
  const { template, namespace, path } = workload;
  const given = options.podSecurity;
  const { level: podSecurity, warning } =
    given === undefined ? await readPodSecurityLevel(kubectl, namespace) : { level: given };
  const wanted = { config, settings, amounts, podSecurity, namespace, renew };
  const plan = planInjection(template, wanted);
  const update = !plan.inject && plan.reason === 'already_injected' ? planUpdate(template, wanted) : undefined;
  const found = update ?? plan;
  if ('reason' in found) {
    if (found.reason !== 'already_injected') throw refusal(found.reason, workload);
    return { change: false, reason: found.reason, warnings: renew ? [] : olderWarnings(template, undefined) };
  }
  const { addition, leftOut = [] } = found;
  return {
    change: true,
    warnings: [
      ...(warning === undefined ? [] : [warning]),
      ...leftOut.map((what) => leftOutReasons[what]),
      ...('removal' in found ? olderWarnings(template, found) : []),
    ],
    operations: 'removal' in found ? updatePatch(template, found, path) : additionPatch(template, addition, path),
    check: async (stored) => {
      checkStored(stored, addition, workload.where);
      // An injector may add the sidecar to the pods, so those of the comparison must refuse it.
      const without = refusingSidecar('removal' in found ? withoutRemoved(template, found.removal) : template, config);
      const warnings = await checkPods({ kubectl, workload, with: stored, without, force });
      return [...warnings, ...(await checkImage({ ...options, workload, stored, force }))];
    },
  };
}

function olderWarnings(template: PodTemplate, update: { readonly addition: Addition } | undefined): string[] {
  const older = olderSidecar(template, update);
  return older === undefined ? [] : [olderText(older)];
}

function refusal(reason: SkipReason, { object, namespace, where }: Workload): Error {
  const code = reason.startsWith('pod_security_') ? 'POD_SECURITY' : 'NOT_INJECTABLE';
  const isHalf = reason === 'foreign_status' || reason === 'status_missing';
  const hint = isHalf
    ? { hint: `Take it out first: ${shell`packet-capture unpatch ${objectName(object)} --namespace ${namespace}`}` }
    : {};
  return codedError(code, `${skipReasons[reason]} (${reason})`, { where, ...hint });
}
