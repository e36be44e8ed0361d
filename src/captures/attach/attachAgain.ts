import type { UpdatedPod } from '../updatePods.ts';
import type { AttachPodsResult } from './attachPods.ts';

/**
 * The containers that were there before an attach and had ended when they were told what to capture, by the uids of
 * their pods. Of one that was just added it is a fault, which the next one would have too. Pure.
 */
export function endedWhenTold(
  { found, fresh }: Pick<AttachPodsResult, 'found' | 'fresh'>,
  updates: readonly UpdatedPod[],
): ReadonlyMap<string, string> {
  const names = new Set(
    updates.filter(({ ended }) => ended === true).map(({ namespace, pod }) => `${namespace}/${pod}`),
  );
  return new Map(
    found.captured
      .filter(
        ({ namespace, name, uid, attached }) =>
          attached === true && names.has(`${namespace}/${name}`) && !fresh.has(uid),
      )
      .map(({ uid, container }) => [uid, container]),
  );
}

/** The result of an attach of which a part was repeated: that part counts. Pure. */
export function withAttachedAgain(first: AttachPodsResult, again: AttachPodsResult): AttachPodsResult {
  const notes = Promise.all([first.noted, again.noted]).then((reasons) =>
    reasons.find((reason) => reason !== undefined),
  );
  notes.catch(() => undefined);
  const later = new Map(again.pods.map((pod) => [`${pod.namespace}/${pod.pod}`, pod]));
  return {
    ...again,
    pods: first.pods.map((pod) => later.get(`${pod.namespace}/${pod.pod}`) ?? pod),
    containers: new Map([...first.containers, ...again.containers]),
    fresh: new Set([...first.fresh, ...again.fresh]),
    noted: notes,
  };
}
