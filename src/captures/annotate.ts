import type { Kubectl } from '../kubernetes/kubectl.ts';
import { sendMergePatch } from '../kubernetes/sendPatch.ts';
import type { CapturedPod } from './pods.ts';

/** Null takes an annotation away. */
export type Annotations = Readonly<Record<string, string | null>>;

/**
 * Sets annotations of a live pod. The uid keeps another pod of the same name, of a StatefulSet for example, as it is.
 * @throws NOT_FOUND, CONFLICT when the pod is gone, and as Kubectl
 */
export async function annotatePod(
  kubectl: Kubectl,
  pod: Pick<CapturedPod, 'namespace' | 'name' | 'uid'>,
  annotations: Annotations,
  dryRun = false,
): Promise<void> {
  const patch = { metadata: { uid: pod.uid, annotations } };
  await sendMergePatch(kubectl, { target: `pod/${pod.name}`, namespace: pod.namespace, patch, dryRun });
}
