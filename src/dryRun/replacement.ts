import type { PodSpec, PodTemplate, UpdateStrategy, WorkloadObject } from '../kubernetes/api/types.ts';
import type { Answer } from './ask.ts';
import { withDefaults } from './limitRange.ts';
import type { Replacement } from './quota.ts';
import type { Surroundings } from './surroundings.ts';

interface Templates {
  readonly object: WorkloadObject;
  readonly with: PodTemplate;
  readonly without: PodTemplate;
  readonly injected?: PodTemplate | undefined;
}

/** The pods that a rollout makes, as the API server would store them if it answered. */
export function replacementOf(
  templates: Templates,
  { present = [], limitRanges = [] }: Surroundings,
  withIt: Answer,
  withoutIt: Answer,
): Replacement {
  const specOf = (answer: Answer, template: PodTemplate): PodSpec =>
    answer.kind === 'made' ? (answer.pod.spec ?? {}) : withDefaults(template.spec ?? {}, limitRanges);
  const { object } = templates;
  return {
    present,
    replicas: replicasOf(object),
    surge: needsSurge(object),
    with: specOf(withIt, templates.injected ?? templates.with),
    without: specOf(withoutIt, templates.without),
  };
}

/** How many pods a workload should have at a time. */
export function replicasOf({ kind, spec, status }: WorkloadObject): number {
  if (kind === 'DaemonSet') return status?.desiredNumberScheduled ?? 1;
  if (kind === 'Job') return spec?.parallelism ?? 1;
  if (kind === 'CronJob') return spec?.jobTemplate?.spec?.parallelism ?? 1;
  return spec?.replicas ?? 1;
}

/**
 * Whether a new pod must be ready before an old one is deleted. Then a rollout needs room for one more pod.
 * @see ResolveFenceposts in pkg/controller/deployment/util/deployment_util.go of kubernetes/kubernetes
 */
export function needsSurge({ kind, spec, status }: WorkloadObject): boolean {
  if (kind === 'Deployment') return deploymentSurges(spec?.strategy, spec?.replicas ?? 1);
  return kind === 'DaemonSet' && surges(spec?.updateStrategy, status?.desiredNumberScheduled ?? 1);
}

function deploymentSurges(strategy: UpdateStrategy | undefined, replicas: number): boolean {
  if (strategy?.type === 'Recreate' || replicas === 0) return false;
  const { maxUnavailable = '25%', maxSurge = '25%' } = strategy?.rollingUpdate ?? {};
  // If both are rounded to zero, one pod may be unavailable, because otherwise no rollout would be possible.
  return countOf(maxUnavailable, replicas, Math.floor) === 0 && countOf(maxSurge, replicas, Math.ceil) > 0;
}

function surges(strategy: UpdateStrategy | undefined, pods: number): boolean {
  return strategy?.type !== 'OnDelete' && countOf(strategy?.rollingUpdate?.maxSurge ?? 0, pods, Math.ceil) > 0;
}

/** Resolves a number or a percentage such as `25%`. */
function countOf(text: number | string, of: number, round: (count: number) => number): number {
  if (typeof text === 'number') return text;
  const percent = /^(\d+)%$/.exec(text)?.[1];
  return percent === undefined ? Number(text) : round((Number(percent) * of) / 100);
}
