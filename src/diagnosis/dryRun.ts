import { kubectlWarnings, parseAnswer } from '../cluster/kubectl.ts';
import type { Kubectl } from '../cluster/index.ts';
import { rethrowUnlessRecoverable } from '../errors.ts';
import { defaultSidecarConfig, type PodTemplate } from '../sidecar/index.ts';
import { isInjected, probePod } from '../webhook/probe.ts';
import type { Release } from './releases.ts';

/** What the API server made of a pod that it was asked for without creating it. */
export type Probed =
  | { readonly injected: boolean }
  /** Nothing is proven: the right is missing, or something else stands in the way. */
  | { readonly unknown: string };

/** Admission webhooks of others may take their time, each up to 30 s. */
const timeoutSeconds = 60;

/** Asks for the release's own probe. @throws INTERRUPTED, CLUSTER_UNREACHABLE, KUBECTL_MISSING */
export async function probe(kubectl: Kubectl, { probe: wanted }: Release): Promise<Probed> {
  if (wanted === undefined) return { unknown: 'it has no probe' };
  const answer = await dryRunPod(kubectl, probePod({ ...wanted, image: defaultSidecarConfig.agent.image }), wanted.namespace);
  return 'pod' in answer ? { injected: isInjected(answer.pod) } : { unknown: answer.refusal };
}

export type DryRun =
  | { readonly pod: PodTemplate; /** Of the API server, an injector's among them. */ readonly warnings: readonly string[] }
  | { readonly refusal: string };

/** Asks for a pod without creating it. @throws INTERRUPTED, CLUSTER_UNREACHABLE, KUBECTL_MISSING */
export async function dryRunPod(kubectl: Kubectl, pod: object, namespace: string): Promise<DryRun> {
  const args = ['create', '--dry-run=server', '--namespace', namespace, '-f', '-', '-o', 'json'];
  try {
    const { stdout, stderr } = await kubectl(args, { input: JSON.stringify(pod), timeoutSeconds });
    return { pod: parseAnswer(stdout, args) as PodTemplate, warnings: kubectlWarnings(stderr) };
  } catch (error) {
    rethrowUnlessRecoverable(error, 'CLUSTER_UNREACHABLE');
    return { refusal: error.message };
  }
}
