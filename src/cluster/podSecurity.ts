import { codedError, isCodedError, isForbidden } from '../errors.ts';
import { podSecurityLabel, type PodSecurityLevel } from '../inject/index.ts';
import { kubectlJson, type Kubectl } from './kubectl.ts';
import type { Metadata } from './kubernetes.ts';

/**
 * The level that a namespace enforces by its labels. No label counts as privileged; a value that is no level is
 * enforced as restricted (pod-security-admission/api/helpers.go, ParseLevel).
 */
export function podSecurityLevel(labels: Readonly<Record<string, string>> | undefined): PodSecurityLevel {
  const level = labels?.[podSecurityLabel] ?? 'privileged';
  return level === 'privileged' || level === 'baseline' ? level : 'restricted';
}

/**
 * Reads the level of a namespace.
 * @throws as {@link Kubectl}; without the right to read the namespace nothing is guessed, since a wrong guess would
 * keep the app's pods from being created
 */
export async function readPodSecurityLevel(kubectl: Kubectl, namespace: string): Promise<PodSecurityLevel> {
  try {
    const { metadata } = await kubectlJson<{ readonly metadata: Metadata }>(kubectl, [
      'get',
      `namespaces/${namespace}`,
    ]);
    return podSecurityLevel(metadata.labels);
  } catch (error) {
    if (!isCodedError(error) || !isForbidden(error)) throw error;
    throw codedError('FORBIDDEN', error.message, {
      cause: error,
      hint: `The Pod Security level of the namespace decides how the sidecar must look: ask for the right to get namespaces/${namespace}.`,
    });
  }
}
