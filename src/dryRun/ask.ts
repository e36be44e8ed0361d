import { rethrowUnlessRecoverable } from '../errors.ts';
import type { PodTemplate } from '../kubernetes/api/types.ts';
import { kubectlWarnings, parseAnswer, type Kubectl } from '../kubernetes/kubectl.ts';
import { noAnswerIn, refusalOf, type NoAnswer, type Refusal } from './podRefusal.ts';

/** What the API server made of a pod that it was asked for, without creating it. */
export type Answer =
  | { readonly kind: 'made'; readonly pod: PodTemplate; /** Of the API server. */ readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'no_answer'; readonly noAnswer: NoAnswer };

/**
 * Asks for a pod by a server-side dry run: all admission takes place, and nothing is stored.
 *
 * Fields that the server does not know are dropped, as they are when a controller makes the pod; kubectl's own check
 * of them would cost two more requests.
 * @param timeoutSeconds admission webhooks of others may take their time, each up to 30 s
 * @throws INTERRUPTED, KUBECTL_MISSING, CLUSTER_UNREACHABLE when no API server is there
 */
export async function askForPod(
  kubectl: Kubectl,
  pod: object,
  namespace: string,
  timeoutSeconds = 60,
): Promise<Answer> {
  const args = ['create', '--dry-run=server', '--validate=ignore', '--namespace', namespace, '-f', '-', '-o', 'json'];
  try {
    const { stdout, stderr } = await kubectl(args, { input: JSON.stringify(pod), timeoutSeconds, quiet: true });
    return { kind: 'made', pod: parseAnswer(stdout, args) as PodTemplate, warnings: kubectlWarnings(stderr) };
  } catch (error) {
    rethrowUnlessRecoverable(error);
    const noAnswer = noAnswerIn(error.message);
    if (noAnswer !== undefined) return { kind: 'no_answer', noAnswer };
    const refusal = refusalOf(error.message);
    // What a webhook met on its way ("connection refused") does not mean that the API server is away.
    if (error.code === 'CLUSTER_UNREACHABLE' && !refusal.uncalled) throw error;
    return { kind: 'refused', refusal };
  }
}
