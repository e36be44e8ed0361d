import type { PodTemplate } from '../kubernetes/api/types.ts';
import { settingAnnotation, statusAnnotation, type SettingValues } from '../settings/index.ts';
import { mirrorName, parseStatus } from '../sidecar/index.ts';
import type { CapturedPod } from './pods.ts';

/** Why a pod cannot do what is asked of it: the container that mirrors cannot be added to a live pod. Pure. */
export function mirrorProblem(pod: Pick<CapturedPod, 'mirrors'>, { mirror = '' }: SettingValues): string | undefined {
  if (mirror === '' || pod.mirrors) return undefined;
  return `no mirror: it has no container ${mirrorName}, which a pod gets when it is made with the annotation ${settingAnnotation('mirror')}, where Pod Security admits NET_ADMIN: write it into the pod template (--persist)`;
}

/**
 * Whether the pods of a template will carry the sidecar and no container that mirrors, whatever its annotations. Pure.
 */
export function lacksMirror({ metadata, spec }: PodTemplate, { mirror = '' }: SettingValues): boolean {
  const carries = parseStatus(metadata?.annotations?.[statusAnnotation] ?? undefined) !== undefined;
  return mirror !== '' && carries && spec?.initContainers?.some(({ name }) => name === mirrorName) !== true;
}
