import { askForPod } from '../cluster/dryRun/index.ts';
import type { Kubectl } from '../cluster/index.ts';
import { defaultSidecarConfig } from '../sidecar/index.ts';
import { isInjected, probePod } from '../webhook/probe.ts';
import type { Release } from './releases.ts';

/** What the API server made of a pod that it was asked for without creating it. */
export type Probed =
  | { readonly injected: boolean }
  /** Nothing is proven: the right is missing, or something else stands in the way. */
  | { readonly unknown: string };

/** Asks for the release's own probe. @throws INTERRUPTED, CLUSTER_UNREACHABLE, KUBECTL_MISSING */
export async function probe(kubectl: Kubectl, { probe: wanted }: Release): Promise<Probed> {
  if (wanted === undefined) return { unknown: 'it has no probe' };
  const answer = await askForPod(kubectl, probePod({ ...wanted, image: defaultSidecarConfig.agent.image }), wanted.namespace);
  if (answer.kind === 'made') return { injected: isInjected(answer.pod) };
  return { unknown: answer.kind === 'refused' ? answer.refusal.words : answer.noAnswer.why };
}
