import { askForPod, type Answer } from '../../dryRun/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { defaultSidecarConfig } from '../../sidecar/index.ts';
import { isInjected, probePods, type ProbePodDemands } from '../../ways/webhook/probe.ts';
import type { Release } from './releases.ts';

/** The API server's answer to a dry run of a pod. */
export type Probed =
  | { readonly injected: boolean }
  /** Why nothing is known: the right is missing, or something else failed. */
  | { readonly unknown: string };

/**
 * Asks the API server for the release's probe in a dry run.
 * @param injector the pod template of the release's injectors: it has everything that their namespace demands of pods
 * @throws INTERRUPTED, CLUSTER_UNREACHABLE, KUBECTL_MISSING
 */
export async function probe(
  kubectl: Kubectl,
  { probe: wanted }: Release,
  injector: PodTemplate | undefined,
): Promise<Probed> {
  if (wanted === undefined) return { unknown: 'it has no probe' };
  let unknown = '';
  for (const pod of probePods({ ...wanted, image: defaultSidecarConfig.agent.image, demands: demandsOf(injector) })) {
    const answer: Answer = await askForPod(kubectl, pod, wanted.namespace);
    if (answer.kind === 'made') return { injected: isInjected(answer.pod) };
    unknown = answer.kind === 'refused' ? answer.refusal.words : answer.noAnswer.why;
  }
  return { unknown };
}

function demandsOf(template: PodTemplate | undefined): ProbePodDemands {
  const { labels, annotations } = template?.metadata ?? {};
  const { containers, securityContext: podSecurityContext } = template?.spec ?? {};
  const container = containers?.[0];
  const members = {
    labels,
    annotations,
    resources: container?.resources,
    podSecurityContext,
    securityContext: container?.['securityContext'],
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => typeof value === 'object' && value !== null));
}
