import { codedError, isForbidden, type CodedError } from '../errors.ts';
import { podSecurityLevel, type PodSecurityLevel } from '../inject/index.ts';
import type { Metadata } from '../kubernetes/api/types.ts';
import { kubectlJson, type Kubectl } from '../kubernetes/kubectl.ts';
import { askForPod } from './index.ts';

/** The Pod Security level that a namespace enforces. */
export interface ReadLevel {
  readonly level: PodSecurityLevel;
  /** How the level was found, if the user may not read the namespace. */
  readonly warning?: string;
}

/**
 * Reads the level of a namespace. For a user who may not read the namespace, for example with only a Role in it, the
 * level is found by dry runs of pods.
 * @throws as {@link Kubectl}; FORBIDDEN without both rights: a wrong guess would keep the app's pods from being created
 */
export async function readPodSecurityLevel(kubectl: Kubectl, namespace: string): Promise<ReadLevel> {
  try {
    const { metadata } = await kubectlJson<{ readonly metadata: Metadata }>(kubectl, [
      'get',
      `namespaces/${namespace}`,
    ]);
    return { level: podSecurityLevel(metadata.labels) };
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return tryLevel(kubectl, namespace, error as CodedError);
  }
}

/** A pod that only "privileged" admits. */
const capturingPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'packet-capture-level-' },
  spec: {
    containers: [
      { name: 'app', image: 'packet-capture.invalid/level', securityContext: { capabilities: { add: ['NET_RAW'] } } },
    ],
  },
};

async function tryLevel(kubectl: Kubectl, namespace: string, unread: CodedError): Promise<ReadLevel> {
  const answer = await askForPod(kubectl, capturingPod, namespace);
  if (answer.kind === 'no_answer') {
    throw codedError('FORBIDDEN', unread.message, {
      cause: unread,
      hint: `The sidecar depends on the Pod Security level of the namespace: ask for the right to get namespaces/${namespace}, or to create pods in it.`,
    });
  }
  // A refusal for another reason is reported when the workload's own pod is tried.
  const words = answer.kind === 'refused' ? answer.refusal.words : '';
  const [, enforced] = /violates PodSecurity "(baseline|restricted)/.exec(words) ?? [];
  const level = enforced === undefined ? 'privileged' : (enforced as PodSecurityLevel);
  return {
    level,
    warning: `you may not read namespace ${namespace}; by a dry run it enforces Pod Security "${level}"`,
  };
}
