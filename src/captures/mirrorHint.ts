import type { PodTemplate } from '../kubernetes/api/types.ts';
import { settingAnnotation, statusAnnotation, type SettingValues } from '../settings/index.ts';
import { mirrorName, parseStatus } from '../sidecar/index.ts';
import type { CapturedPod } from './findPods.ts';

/** Why a pod cannot mirror: the container that mirrors cannot be added to a live pod. Pure. */
export function mirrorProblem(pod: Pick<CapturedPod, 'mirrors'>, { mirror = '' }: SettingValues): string | undefined {
  if (mirror === '' || pod.mirrors) return undefined;
  return `no mirror: it has no container ${mirrorName}. Pods get it at their creation, if they have the annotation ${settingAnnotation('mirror')} and Pod Security admits NET_ADMIN: write it into the pod template (--persist)`;
}

/** Whether the template has the sidecar without the container that mirrors: annotations cannot add it. Pure. */
export function lacksMirror({ metadata, spec }: PodTemplate, { mirror = '' }: SettingValues): boolean {
  const carries = parseStatus(metadata?.annotations?.[statusAnnotation] ?? undefined) !== undefined;
  return mirror !== '' && carries && spec?.initContainers?.some(({ name }) => name === mirrorName) !== true;
}
