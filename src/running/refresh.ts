import type { Kubectl } from '../cluster/index.ts';
import { isCodedError } from '../errors.ts';
import { refreshAnnotation } from '../settings/index.ts';
import { annotatePod } from './annotate.ts';
import type { CapturedPod } from './pods.ts';

/** How long a change may be on its way before the kubelet is asked again; it needs a second as a rule. */
export const usualSeconds = 5;

/** Whether it is time to ask again, having done so some times: the waits grow, for a kubelet may also just be busy. Pure. */
export function isRefreshDue(waitedSeconds: number, times: number, firstAfterSeconds: number): boolean {
  return waitedSeconds >= firstAfterSeconds * 2 ** times;
}

/**
 * Makes the kubelet bring the annotations into a pod again. It does so when it synchronizes the pod, that is when the
 * pod changes or else every 60 to 90 s; and it can take what it knew before the very change that made it do so
 * (findAndAddNewPods in pkg/kubelet/volumemanager/populator reads all pods first and marks each as done afterwards, also
 * one that has changed in between). Only what differs counts as a change, and so the annotation's value is a new one.
 * A pod that cannot be changed any more is no error: who waits for its agent is told.
 * @throws INTERRUPTED, KUBECTL_MISSING
 */
export async function refreshPod(kubectl: Kubectl, pod: CapturedPod): Promise<void> {
  try {
    await annotatePod(kubectl, pod, { [refreshAnnotation]: new Date().toISOString() });
  } catch (error) {
    if (!isCodedError(error) || error.code === 'INTERRUPTED' || error.code === 'KUBECTL_MISSING') throw error;
  }
}
