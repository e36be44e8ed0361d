import type { SkipReason } from './reasons.ts';

/** The ways that inject: the commands `inject` and `patch`, the webhook, and the admission policy. */
export const injectingWays = ['manifest', 'patch', 'webhook', 'policy'] as const;
/** A way that injects; `attach` is none, because it changes no pod template. */
export type InjectingWay = (typeof injectingWays)[number];

/** What a way does with a pod: inject it, not look at it because nothing asks for injection, or skip it. */
export type Outcome = 'inject' | 'not asked' | SkipReason;

/**
 * A row of the table that decides whether anything asks for injection. An absent field matches every value. The first
 * row that matches a pod decides.
 */
export interface OptInRow {
  /** Whether the namespace has the label `packet-capture/injection: enabled`. */
  readonly labeled?: boolean;
  /** The pod's annotation `packet-capture/inject`; null: absent. */
  readonly annotation?: 'true' | 'false' | null;
  /** The chart's value `injection.optOut`. */
  readonly optOut?: boolean;
  /** A user names the pod or workload in a command, so the ways manifest and patch need no opt-in. */
  readonly commands: Outcome;
  /** The outcome of the webhook and the policy. */
  readonly admission: Outcome;
}

/** Who asks for injection. `false` always wins. */
export const optInRows: readonly OptInRow[] = [
  { labeled: false, annotation: 'false', commands: 'opted_out', admission: 'not asked' },
  { labeled: false, commands: 'inject', admission: 'not asked' },
  { annotation: 'false', commands: 'opted_out', admission: 'opted_out' },
  { annotation: 'true', commands: 'inject', admission: 'inject' },
  { annotation: null, optOut: true, commands: 'inject', admission: 'inject' },
  { annotation: null, optOut: false, commands: 'inject', admission: 'not asked' },
];

/** A row of the table for the Pod Security level of a namespace. The first row that matches decides. */
export interface LevelRow {
  /** The label `pod-security.kubernetes.io/enforce` of the namespace; null: absent. */
  readonly label: 'privileged' | 'baseline' | 'restricted' | null;
  /** The assumed level of namespaces without the label (the chart's `injection.podSecurity`); absent: any. */
  readonly assumed?: 'auto' | 'privileged' | 'baseline' | 'restricted';
  /** The profile of the sidecar, or the reason for the skip. */
  readonly outcome: 'privileged' | 'baseline' | 'pod_security_restricted';
}

/** The form of the agent's sidecar in a namespace. The profile `baseline` adds no capability. */
export const levelRows: readonly LevelRow[] = [
  { label: 'privileged', outcome: 'privileged' },
  { label: 'baseline', outcome: 'baseline' },
  { label: 'restricted', outcome: 'pod_security_restricted' },
  { label: null, assumed: 'auto', outcome: 'privileged' },
  { label: null, assumed: 'privileged', outcome: 'privileged' },
  { label: null, assumed: 'baseline', outcome: 'baseline' },
  { label: null, assumed: 'restricted', outcome: 'pod_security_restricted' },
];

/**
 * The reasons for which a pod is skipped although something asks for injection, in the order in which every way checks
 * them: of several reasons the first is reported.
 */
export const skipOrder = [
  'opted_out',
  'mirror_pod',
  'system_namespace',
  'host_network',
  'windows',
  'fargate',
  'virtual_node',
  'sandbox',
  'already_injected',
  'foreign_status',
  'status_missing',
  'name_collision',
  'pod_security_restricted',
  'pod_resources',
] as const satisfies readonly SkipReason[];

/** The row that decides whether anything asks for the injection of a pod. */
export function optInRowOf(
  pod: Readonly<Required<Pick<OptInRow, 'labeled' | 'annotation' | 'optOut'>>>,
): OptInRow | undefined {
  return optInRows.find(
    (row) =>
      (row.labeled ?? pod.labeled) === pod.labeled &&
      (row.annotation === undefined || row.annotation === pod.annotation) &&
      (row.optOut ?? pod.optOut) === pod.optOut,
  );
}
