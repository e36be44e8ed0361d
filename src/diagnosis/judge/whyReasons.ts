import type { Level } from '../../findings.ts';
import { skipReasons } from '../../inject/index.ts';

interface ReasonRow {
  /** Of the finding about a pod that asks for the sidecar and does not have it. */
  readonly level: Extract<Level, 'error' | 'warning'>;
  /** One clause about the pod. */
  readonly text: string;
}

/**
 * Why a pod does not have the sidecar. Programs rely on the codes, so they never change. docs/diagnosis.md has the
 * same table, and a test compares them.
 */
export const reasons = {
  no_release: { level: 'error', text: 'there is no release of packet-capture' },
  release_unknown: {
    level: 'error',
    text: 'it does not have it, and you may not read what is registered with the API server',
  },
  namespace_excluded: { level: 'warning', text: 'pods of its namespace are never injected' },
  namespace_not_opted_in: { level: 'error', text: 'its namespace is not opted in' },
  namespace_label_value: { level: 'error', text: 'the label of its namespace has another value than "enabled"' },
  pod_security_restricted: { level: 'warning', text: skipReasons.pod_security_restricted },
  pod_security_baseline: { level: 'warning', text: skipReasons.pod_security_baseline },
  namespace_not_selected: { level: 'warning', text: 'the release does not select its namespace' },
  labels_not_selected: { level: 'warning', text: 'the release does not select its labels' },
  not_opted_in: { level: 'warning', text: 'its annotation does not ask for it' },
  annotation_value: { level: 'error', text: 'its annotation has another value than "true"' },
  annotation_on_workload: { level: 'error', text: 'the annotation is on the workload instead of its pod template' },
  annotation_as_label: { level: 'error', text: 'the key is a label instead of an annotation' },
  older_template: { level: 'error', text: 'its workload asks for it now, but this pod is of an older pod template' },
  opted_out: { level: 'warning', text: 'its annotation is "false", which always wins' },
  host_network: { level: 'warning', text: skipReasons.host_network },
  windows: { level: 'warning', text: skipReasons.windows },
  fargate: { level: 'warning', text: skipReasons.fargate },
  virtual_node: { level: 'warning', text: skipReasons.virtual_node },
  sandbox: { level: 'warning', text: skipReasons.sandbox },
  mirror_pod: { level: 'warning', text: skipReasons.mirror_pod },
  name_collision: { level: 'warning', text: skipReasons.name_collision },
  not_injectable: { level: 'warning', text: 'something in the pod prevents it' },
  foreign_status: { level: 'error', text: skipReasons.foreign_status },
  status_missing: { level: 'error', text: skipReasons.status_missing },
  match_condition: { level: 'warning', text: 'it does not meet a condition that the release adds' },
  created_before_release: { level: 'error', text: 'it is older than the release' },
  missed_at_creation: {
    level: 'error',
    text: 'it was created while nothing was injected: before the namespace was opted in, or while the injector was down',
  },
  restart_policy_lost: {
    level: 'error',
    text: 'something removed restartPolicy: Always from its sidecar, so the app never starts',
  },
  sidecar_waiting: { level: 'error', text: 'a container of the sidecar cannot start in new pods, so they wait' },
  not_working: { level: 'error', text: 'the release does not inject now' },
  pods_refused_by_sidecar: { level: 'error', text: 'the API server refuses its pods because of the sidecar' },
  pods_refused: { level: 'error', text: 'the API server refuses its pods, but not because of the sidecar' },
  left_alone: {
    level: 'error',
    text: 'the release does not inject it, although it injects other pods and no rule is known to prevent it',
  },
} as const satisfies Record<string, ReasonRow>;

/** A code of the table, as `why -o json` prints it. */
export type Reason = keyof typeof reasons;

/** Creating the pod again is enough. */
const cured: ReadonlySet<Reason> = new Set<Reason>(['created_before_release', 'missed_at_creation', 'older_template']);

/** Whether a restart of its workload gives a pod the sidecar that it lacks for this reason. */
export function isCuredByRestart(reason: Reason): boolean {
  return cured.has(reason);
}
