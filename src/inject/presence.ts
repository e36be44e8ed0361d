import type { Container, PodSpec, PodTemplate } from '../kubernetes/api/types.ts';
import { statusAnnotation } from '../settings/index.ts';
import { containerNames, mountPaths, volumeNames } from '../sidecar/index.ts';

/**
 * How much of our sidecar a pod template has:
 * - `none`
 * - `whole`: the status annotation, and a container of ours
 * - `status_alone`: the annotation was copied from a pod that was injected, or something took the container away
 * - `sidecar_alone`: something took the annotation away
 * - `foreign`: a container or a volume of our names that is not ours
 */
export type Presence = 'none' | 'whole' | 'status_alone' | 'sidecar_alone' | 'foreign';

/** The last part of an image's name, without registry, tag and digest. */
export const agentImage = '(^|[/])packet-capture[-/]agent([:@]|$)';

/** How much of our sidecar is in a pod template. @param spec of the template, as the caller has checked it */
export function presenceIn({ metadata }: PodTemplate, spec: PodSpec): Presence {
  const named = spec.containers?.some(hasOurName) === true || spec.initContainers?.some(hasOurName) === true;
  if (metadata?.annotations != null && statusAnnotation in metadata.annotations)
    return named ? 'whole' : 'status_alone';
  if (named) return spec.initContainers?.some(isOurs) === true ? 'sidecar_alone' : 'foreign';
  return spec.volumes?.some(({ name }) => ourVolumes.includes(name)) === true ? 'foreign' : 'none';
}

/** The names of all volumes that an injection may add. */
export const ourVolumes: readonly string[] = Object.values(volumeNames);

function hasOurName({ name }: Container): boolean {
  return containerNames.includes(name);
}

/** Whether an init container is certainly the agent, by its image or by the volume with the settings. */
export function isOurs({ name, image, volumeMounts }: Container): boolean {
  if (!containerNames.includes(name)) return false;
  if (typeof image === 'string' && agentImages.test(image)) return true;
  return (
    Array.isArray(volumeMounts) &&
    volumeMounts.some((mount) => mount.name === volumeNames.settings && mount.mountPath === mountPaths.settings)
  );
}

const agentImages = new RegExp(agentImage);
