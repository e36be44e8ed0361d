import type { Kubectl } from '../../kubernetes/kubectl.ts';
import type { Report } from '../../step.ts';
import type { ProbePodDemands } from '../../ways/webhook/probe.ts';
import type { Helm } from './helm.ts';
import type { WaitStrategy } from './helmFlags.ts';
import type { ReleaseJson } from './release.ts';
import type { Values } from './releaseValues.ts';

/** A release, and the tools to change it. */
export interface ReleaseContext {
  readonly helm: Helm;
  /** Is ended by Ctrl-C; its namespace is that of the objects, as for `afterwards`. */
  readonly kubectl: Kubectl;
  /** Works after Ctrl-C too, to report the state. */
  readonly afterwards: Kubectl;
  readonly release: string;
  readonly chart: string;
  /** The namespace of the objects: the release's, unless the values override it. */
  readonly namespace: string;
  /** The prefix of the names of the release's objects. */
  readonly prefix: string;
  /** The fields that the values give every pod because the namespace demands them. */
  readonly demands: ProbePodDemands;
  /** False when helm has to create it, which needs another right. */
  readonly namespaceExists: boolean;
  readonly strategy: WaitStrategy;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** A dry run of the release: the API server checks it and stores nothing. @throws HELM_FAILED */
export async function dryRunUpgrade(
  { helm, release, chart, signal }: ReleaseContext,
  values: Values,
): Promise<ReleaseJson> {
  return upgrade(helm, release, chart, values, ['--dry-run=server'], signal);
}

/** Runs `helm upgrade --install` with exactly these values. @throws HELM_FAILED */
export async function upgrade(
  helm: Helm,
  release: string,
  chart: string,
  values: Values,
  flags: readonly string[],
  signal: AbortSignal,
): Promise<ReleaseJson> {
  const args = ['upgrade', release, chart, '--install', '--reset-values', '--values=-', '--output=json', ...flags];
  return JSON.parse(await helm.run(args, { input: JSON.stringify(values), signal })) as ReleaseJson;
}
