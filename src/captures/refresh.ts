import { rethrowUnlessRecoverable } from '../errors.ts';
import type { Kubectl } from '../kubernetes/kubectl.ts';
import { refreshAnnotation } from '../settings/index.ts';
import { annotatePod } from './annotate.ts';
import type { CapturedPod } from './findPods.ts';

/** Seconds to wait for a change before the kubelet is asked again; usually it needs one second. */
export const usualSeconds = 5;

/** Whether it is time to ask again. The intervals grow, because the kubelet may only be busy. Pure. */
export function isRefreshDue(waitedSeconds: number, times: number, firstAfterSeconds: number): boolean {
  return waitedSeconds >= firstAfterSeconds * 2 ** times;
}

/**
 * Makes the kubelet write the annotations into a pod again. It does this when it synchronizes the pod, that is when the
 * pod changes, otherwise every 60 to 90 s. It may then write old annotations: mountOrAttachVolumes of
 * pkg/kubelet/volumemanager/reconciler first lists all volumes with their pods, and then remounts them one after the
 * other. A pod that changes in between is written in its old form and then counts as done.
 * The annotation has a new value each time, because an equal value would not be a change.
 * A pod that cannot be changed any more is not an error: the wait for its agent reports it.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function refreshPod(kubectl: Kubectl, pod: CapturedPod): Promise<void> {
  try {
    await annotatePod(kubectl, pod, { [refreshAnnotation]: new Date().toISOString() });
  } catch (error) {
    rethrowUnlessRecoverable(error);
  }
}
