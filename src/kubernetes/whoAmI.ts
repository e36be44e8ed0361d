import { fieldsOf, parseJson, textOf } from '../typed.ts';
import type { Kubectl } from './kubectl.ts';
import { ifPossible } from './reading.ts';

/** The longest name that is shown and handed on, in characters. */
const longestName = 253;

/**
 * The name under which the API server knows the user of this command; undefined when it does not say. Every user may
 * ask this (SelfSubjectReview, Kubernetes 1.28). Without validation, for which kubectl would list custom resources.
 */
export async function whoAmI(kubectl: Kubectl): Promise<string | undefined> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} };
  return ifPossible(undefined, async () => {
    const { stdout } = await kubectl(['create', '--validate=false', '-f', '-', '-o', 'json'], {
      input: JSON.stringify(review),
      quiet: true,
    });
    return textOf(fieldsOf(fieldsOf(fieldsOf(parseJson(stdout))['status'])['userInfo'])['username'], longestName);
  });
}
