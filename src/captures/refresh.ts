import { rethrowUnlessRecoverable } from '../errors.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import { refreshAnnotation } from '../settings/index.ts';
import { annotatePod } from './annotate.ts';
import type { CapturedPod } from './pods.ts';

/** How long a change may be on its way before the kubelet is asked again; it needs a second as a rule. */
export const usualSeconds = 5;

/**
 * Whether it is time to ask again, having done so some times: the waits grow, for a kubelet may also just be busy.
 * Pure.
 */
export function isRefreshDue(waitedSeconds: number, times: number, firstAfterSeconds: number): boolean {
  return waitedSeconds >= firstAfterSeconds * 2 ** times;
}

/**
 * Makes the kubelet bring the annotations into a pod again. It does so when it synchronizes the pod, that is when the
 * pod changes or else every 60 to 90 s; and then it may write what the pod said before: mountOrAttachVolumes of
 * pkg/kubelet/volumemanager/reconciler takes all volumes with their pods first and asks for each, one after the other,
 * whether it is to be written anew. A pod that was changed in between is, in its old form, and then counts as done.
 * Only what differs is a change, and so the annotation's value is a new one each time.
 * A pod that cannot be changed any more is no error: who waits for its agent is told.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function refreshPod(kubectl: Kubectl, pod: CapturedPod): Promise<void> {
  try {
    await annotatePod(kubectl, pod, { [refreshAnnotation]: new Date().toISOString() });
  } catch (error) {
    rethrowUnlessRecoverable(error);
  }
}
