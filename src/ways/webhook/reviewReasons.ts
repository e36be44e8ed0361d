import { leftOutReasons, skipReasons, type LeftOut, type SkipReason } from '../../inject/index.ts';

/** Why a pod was injected. */
export const injectedReasons = ['opted_in', 'not_opted_out', 'probe'] as const;

/** Why a pod was not injected, in addition to the reasons that all ways share ({@link skipReasons}). */
const serverSkips = {
  not_opted_in: 'its annotation does not ask for it',
  not_pod_creation: 'it is not the creation of a pod',
  not_probe: 'it is not a probe',
  unsupported_version: 'the review is not of version v1',
  malformed_pod: 'it is not a valid pod',
  patch_doubtful: 'the patch could harm this pod, so it was not sent',
} as const;

export type InjectedReason = (typeof injectedReasons)[number];
export type SkippedReason = SkipReason | keyof typeof serverSkips;
export type Reason = InjectedReason | SkippedReason;

/** All reasons, for the metrics. */
export const reasons: readonly Reason[] = [
  ...injectedReasons,
  ...(Object.keys(skipReasons) as SkipReason[]),
  ...(Object.keys(serverSkips) as (keyof typeof serverSkips)[]),
];

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
