import type { Kubectl } from '../../kubernetes/kubectl.ts';
import type { Report } from '../../step.ts';
import type { ProbePodDemands } from '../../ways/webhook/probe.ts';
import type { Helm } from './helm.ts';
import type { WaitStrategy } from './helmFlags.ts';
import type { ReleaseJson } from './release.ts';
import type { Values } from './releaseValues.ts';

/** One release and how to reach it. */
export interface ReleaseContext {
  readonly helm: Helm;
  /** Ends with Ctrl-C; in the namespace of the objects, as `afterwards` is. */
  readonly kubectl: Kubectl;
  /** Goes on after Ctrl-C, to say how things stand. */
  readonly afterwards: Kubectl;
  readonly release: string;
  readonly chart: string;
  /** Where the objects live: the release's namespace, unless the values override it. */
  readonly namespace: string;
  /** What names of the release's objects begin with. */
  readonly prefix: string;
  /** What the values give every pod, since the namespace demands it. */
  readonly demands: ProbePodDemands;
  /** False: helm makes it, which takes a right of its own. */
  readonly namespaceExists: boolean;
  readonly strategy: WaitStrategy;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** The release as it would be, judged by the API server; nothing is stored. @throws HELM_FAILED */
export async function dryRunUpgrade(
  { helm, release, chart, signal }: ReleaseContext,
  values: Values,
): Promise<ReleaseJson> {
  return upgrade(helm, release, chart, values, ['--dry-run=server'], signal);
}

/** One `helm upgrade --install`, with these values alone. @throws HELM_FAILED */
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
