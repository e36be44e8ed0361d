/** What of a pod tells whether it lives. */
interface LifeOfPod {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status?: { readonly phase?: string } | undefined;
}

/**
 * All containers have ended, for good: nothing can be asked of the pod any more, and its emptyDir volumes go with it.
 */
export function hasEnded({ status }: Pick<LifeOfPod, 'status'>): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** The pod is being deleted. Until its grace period is over its containers run, and can be asked. */
export function isTerminating({ metadata }: Pick<LifeOfPod, 'metadata'>): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/**
 * Whether a pod runs, or will, for longer than a moment. What asks a running pod for something needs {@link hasEnded}
 * alone: a pod that is being deleted still answers, and its capture files are there.
 */
export function isLiving(pod: LifeOfPod): boolean {
  return !isTerminating(pod) && !hasEnded(pod);
}
