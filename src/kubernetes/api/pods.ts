/** The members of a pod that show whether it is living. */
interface LifeOfPod {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status?: { readonly phase?: string } | undefined;
}

/**
 * Whether all containers have ended and will not start again. Nothing can run in the pod any more, and its emptyDir
 * volumes are deleted with it.
 */
export function hasEnded({ status }: Pick<LifeOfPod, 'status'>): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether the pod is being deleted. Its containers run until the grace period is over. */
export function isTerminating({ metadata }: Pick<LifeOfPod, 'metadata'>): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/**
 * Whether a pod runs or will run, and is not being deleted. To ask a running agent, {@link hasEnded} is enough: a pod
 * that is being deleted still answers, and still has its capture files.
 */
export function isLiving(pod: LifeOfPod): boolean {
  return !isTerminating(pod) && !hasEnded(pod);
}
