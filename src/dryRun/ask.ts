import { rethrowUnlessRecoverable } from '../errors.ts';
import type { PodTemplate } from '../kubernetes/api/types.ts';
import { kubectlWarnings, parseAnswer, type Kubectl } from '../kubernetes/kubectl.ts';
import { noAnswerIn, refusalOf, type NoAnswer, type Refusal } from './podRefusal.ts';

/** The API server's answer to a dry run of a pod: the pod as it would store it, a refusal, or no answer. */
export type Answer =
  | {
      readonly kind: 'made';
      readonly pod: PodTemplate;
      /** From the API server. */ readonly warnings: readonly string[];
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'no_answer'; readonly noAnswer: NoAnswer };

/**
 * Asks for a pod in a server-side dry run: all admission runs, and nothing is stored.
 *
 * The server drops unknown fields, as it does when a controller makes the pod; kubectl's own check would cost two more
 * requests.
 * @param timeoutSeconds other admission webhooks may take up to 30 s each
 * @throws INTERRUPTED, KUBECTL_MISSING, CLUSTER_UNREACHABLE when no API server answers
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
    // When a webhook cannot be called, its error ("connection refused") does not mean that the API server is
    // unreachable.
    if (error.code === 'CLUSTER_UNREACHABLE' && !refusal.uncalled) throw error;
    return { kind: 'refused', refusal };
  }
}
