import { leftOutReasons, skipReasons, type LeftOut, type SkipReason } from '../../inject/index.ts';

/** Why a pod was injected, one clause each. */
export const injectedTexts = {
  opted_in: 'its annotation asks for it',
  not_opted_out: 'with `--opt-out`: its annotation does not refuse it',
  probe: 'it is a probe: a dry run of a pod, which proves that injection works',
} as const;

/** Why a pod was not injected, in addition to the reasons that all ways share ({@link skipReasons}). */
const serverSkips = {
  not_opted_in: 'its annotation does not ask for it',
  not_pod_creation: 'it is not the creation of a pod',
  not_probe: 'it is not a probe',
  unsupported_version: 'the review is not of version v1',
  malformed_pod: 'it is not a valid pod',
  patch_doubtful: 'the patch could harm this pod, so it was not sent',
} as const;

/** The shared reasons that no review ends with: the pod brings no settings with it, and `restricted` has no webhook. */
const elsewhere: ReadonlySet<string> = new Set<SkipReason>([
  'setting_conflict',
  'not_injected',
  'pod_security_restricted',
]);

/** Why a pod was skipped, one clause each; for the documentation and the metrics. */
export const skippedTexts: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ ...skipReasons, ...serverSkips }).filter(([reason]) => !elsewhere.has(reason)),
);

/** Why a pod was injected, for logs and metrics. */
export type InjectedReason = keyof typeof injectedTexts;
/** Why a pod was not injected: a reason of all ways, or one that only a review can have. */
export type SkippedReason = SkipReason | keyof typeof serverSkips;
/** The label `reason` of the metric, and the field of a line of the log. */
export type Reason = InjectedReason | SkippedReason;

/** All reasons that a review can have, for the metrics. */
export const reasons = [...Object.keys(injectedTexts), ...Object.keys(skippedTexts)] as readonly Reason[];

/** Whether a pod with this reason was injected. */
export function isInjected(reason: Reason): reason is InjectedReason {
  return Object.hasOwn(injectedTexts, reason);
}

/**
 * The skips that become warnings, which kubectl prints: a user who asked for injection should see them. Not
 * `already_injected`, which is the normal result of a second call for the same pod.
 */
const worthWarning: ReadonlySet<SkippedReason> = new Set<SkippedReason>([
  'host_network',
  'windows',
  'fargate',
  'virtual_node',
  'sandbox',
  'foreign_status',
  'status_missing',
  'system_namespace',
  'pod_security_restricted',
  'pod_security_baseline',
  'pod_resources',
  'name_collision',
  'setting_conflict',
  'patch_doubtful',
]);

/** The longest warning: the API server may cut longer ones (admission/v1/types.go). */
const maxWarning = 120;

/** The warnings for a pod that asked for injection and is skipped. */
export function warningsFor(reason: SkippedReason): readonly string[] {
  return worthWarning.has(reason) ? [warning(`not injected: ${{ ...skipReasons, ...serverSkips }[reason]}`)] : none;
}

/** The warnings for a pod that is injected. */
export function leftOutWarnings(leftOut: readonly LeftOut[]): readonly string[] {
  return leftOut.map((what) => warning(leftOutReasons[what]));
}

const none: readonly string[] = [];

function warning(what: string): string {
  const text = `packet-capture: ${what}`;
  return text.length <= maxWarning ? text : `${text.slice(0, maxWarning - 1)}…`;
}
