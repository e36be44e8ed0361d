import { checkImage } from '../../dryRun/imageCheck.ts';
import { refusingSidecar } from '../../dryRun/index.ts';
import { readPodSecurityLevel } from '../../dryRun/namespaceLevel.ts';
import { checkPods, checkPodsWithout } from '../../dryRun/podCheck.ts';
import { codedError } from '../../errors.ts';
import {
  additionPatch,
  leftOutReasons,
  olderSidecar,
  olderText,
  planInjection,
  planRemoval,
  planUpdate,
  removalPatch,
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
import { changeWorkload, type ChangeOptions, type ChangeResult, type Decision } from './change.ts';
import { checkStored } from './stored.ts';

export interface UnpatchOptions extends ChangeOptions {
  /** The sidecar to take out: our own goes by the pod template's status, a user's own by this configuration. */
  readonly config: SidecarConfig;
}

export interface PatchOptions extends ChangeOptions {
  readonly config: SidecarConfig;
  /** Settings to write into the annotations of the pod template; for our own sidecar only. */
  readonly settings: SettingValues;
  /** Amounts of the sidecar's CPU and memory to write there too. */
  readonly amounts?: SidecarAmounts | undefined;
  /**
   * The user named the sidecar: where there is one already, all of it is made anew. Default false: its settings change.
   */
  readonly renew?: boolean | undefined;
  /** Of the namespace, instead of what its label says. */
  readonly podSecurity?: PodSecurityLevel | undefined;
}

/**
 * Adds the sidecar to the pod template of a workload in the cluster, or brings other settings into one that is there.
 * The second time it changes nothing.
 * @throws USAGE, KIND_UNSUPPORTED, NOT_INJECTABLE, POD_SECURITY, CONFLICT, ROLLOUT_FAILED and as {@link Kubectl}
 */
export async function patchWorkload(options: PatchOptions): Promise<ChangeResult> {
  const ownFile = options.config.form === 'custom' ? ['--sidecar-config', 'FILE'] : [];
  return changeWorkload(options, {
    result: 'patched',
    decide: (workload) => decideAddition(options, workload),
    undo: ({ object, namespace }) =>
      `${shell`packet-capture unpatch ${objectName(object)} --namespace ${namespace} ${ownFile}`} takes the change back.`,
  });
}

/**
 * Takes the sidecar out of the pod template of a workload in the cluster: its spec is then as it was before
 * {@link patchWorkload}. Where there is none it changes nothing.
 * @throws USAGE, KIND_UNSUPPORTED, NOT_INJECTABLE, CONFLICT, ROLLOUT_FAILED and as {@link Kubectl}
 */
export async function unpatchWorkload(options: UnpatchOptions): Promise<ChangeResult> {
  return changeWorkload(options, {
    result: 'unpatched',
    decide: async (workload) => decideRemoval(options, workload),
    undo: ({ object, namespace }) =>
      `The sidecar is out of the pod template; look at the pods: ${shell`kubectl describe ${objectName(object)} --namespace ${namespace}`}.`,
  });
}

async function decideAddition(options: PatchOptions, workload: Workload): Promise<Decision> {
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
      // An injector may see the pods of a template that asks for the sidecar: without it is what refuses that, too.
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

function decideRemoval({ kubectl, config, force = false }: UnpatchOptions, workload: Workload): Decision {
  const { template, path } = workload;
  const plan = planRemoval(template, config);
  if (!plan.remove) return { change: false, reason: plan.reason, warnings: [] };
  return {
    change: true,
    warnings: [],
    operations: removalPatch(template, plan.removal, path),
    check: async (stored) => checkPodsWithout({ kubectl, workload, without: stored, force }),
  };
}

function refusal(reason: SkipReason, { object, namespace, where }: Workload): Error {
  const code = reason.startsWith('pod_security_') ? 'POD_SECURITY' : 'NOT_INJECTABLE';
  const isHalf = reason === 'foreign_status' || reason === 'status_missing';
  const hint = isHalf
    ? { hint: `Take it out first: ${shell`packet-capture unpatch ${objectName(object)} --namespace ${namespace}`}` }
    : {};
  return codedError(code, `${skipReasons[reason]} (${reason})`, { where, ...hint });
}
