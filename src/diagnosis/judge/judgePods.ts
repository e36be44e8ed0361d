import { isLiving } from '../../kubernetes/api/pods.ts';
import { ownerName, topOwner } from '../read/podOwners.ts';
import type { ReleaseState } from '../read/releaseState.ts';
import type { Subject } from './conditions.ts';
import { judge, type Judgement } from './judge.ts';

/** A pod with the judgement on it. */
export interface JudgedPod {
  readonly subject: Subject;
  readonly judgement: Judgement<ReleaseState>;
}

/** Judges every living pod. @param releases undefined when they may not be read. Pure. */
export function judgePods(subjects: readonly Subject[], releases: readonly ReleaseState[] | undefined): JudgedPod[] {
  return subjects
    .filter(({ pod }) => isLiving(pod))
    .map((subject) => ({ subject, judgement: judge(subject, releases) }));
}

/** `deployment/web in shop` */
export function placeOf({ subject: { pod, namespace, owners } }: Pick<JudgedPod, 'subject'>): string {
  const owner = topOwner(owners);
  return `${owner === undefined ? `pod/${pod.metadata.name}` : ownerName(owner)} in ${namespace}`;
}
