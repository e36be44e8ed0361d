import type { Kubectl } from '../kubernetes/kubectl.ts';
import { sendMergePatch } from '../kubernetes/sendPatch.ts';
import type { CapturedPod } from './findPods.ts';

/** Annotations to set; null removes one. */
export type Annotations = Readonly<Record<string, string | null>>;

/**
 * Sets annotations of a live pod. The uid protects another pod of the same name, for example of a StatefulSet.
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
