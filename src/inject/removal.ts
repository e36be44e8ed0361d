import type { Container, PodTemplate } from '../kubernetes/api/types.ts';
import { settingAnnotation, settings, statusAnnotation } from '../settings/index.ts';
import {
  amountAnnotation,
  amountNames,
  containerNames,
  parseStatus,
  type CustomSidecarConfig,
  type SidecarConfig,
  type SidecarStatus,
} from '../sidecar/index.ts';
import { listedVolumes, localVolumesAnnotation, withoutOurs } from './evictable.ts';
import { matches } from './matches.ts';
import { isOurs, ourVolumes, presenceIn } from './presence.ts';
import type { SkipReason } from './reasons.ts';

/** What is removed from a pod template, by name. */
export interface Removal {
  readonly annotations: readonly string[];
  /** Annotations that stay, with the values that they had before something of ours came in front of them. */
  readonly shortened?: Readonly<Record<string, string>>;
  readonly initContainers: readonly string[];
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
}

/** What a removal takes out, or why it takes out nothing. */
export type RemovalPlan =
  | { readonly remove: true; readonly removal: Removal }
  | { readonly remove: false; readonly reason: SkipReason };

/**
 * The inverse of {@link planInjection}: our own sidecar goes by its names and the status in the pod's annotations,
 * whatever version made it, and so does what is left of one (see presenceIn); a user's own goes by the configuration,
 * when all of it is there unchanged.
 */
export function planRemoval(template: PodTemplate, config: SidecarConfig): RemovalPlan {
  const removal = config.form === 'agent' ? agentRemoval(template) : customRemoval(template, config);
  return removal === undefined ? { remove: false, reason: 'not_injected' } : { remove: true, removal };
}

/** Annotations that an injection writes; what else a status names was never ours, whatever it says. */
const ourAnnotations: readonly string[] = [
  ...settings.map(({ name }) => settingAnnotation(name)),
  ...amountNames.map(amountAnnotation),
  statusAnnotation,
];

/**
 * What is ours by the status and by its name. Whoever may write annotations can forge a status, and people copy them:
 * with names of others in it, an app would lose its containers.
 */
function agentRemoval(template: PodTemplate): Removal | undefined {
  const { metadata, spec } = template;
  const presence = spec == null ? 'none' : presenceIn(template, spec);
  if (spec == null || presence === 'none' || presence === 'foreign') return undefined;
  const present = metadata?.annotations ?? {};
  const status = parseStatus(present[statusAnnotation]);
  const isTaken = (container: Container): boolean =>
    containerNames.includes(container.name) &&
    (isOurs(container) || status?.containers.includes(container.name) === true);
  const containers = namesOf(spec.containers?.filter(isTaken));
  const initContainers = namesOf(spec.initContainers?.filter(isTaken));
  const volumes = ourVolumes.filter((name) => status?.volumes.includes(name) ?? true);
  const kept = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].filter((container) => !isTaken(container));
  return {
    ...annotationsRemoved(present, status),
    initContainers,
    // A pod must have a container.
    containers: containers.length === spec.containers?.length ? [] : containers,
    volumes: namesOf(spec.volumes).filter(
      (name) => volumes.includes(name) && !kept.some((container) => mounts(container, name)),
    ),
  };
}

function annotationsRemoved(
  present: Readonly<Record<string, string>>,
  status: SidecarStatus | undefined,
): Pick<Removal, 'annotations' | 'shortened'> {
  const annotations = [...(status?.annotations ?? []), statusAnnotation].filter(
    (key) => key in present && ourAnnotations.includes(key),
  );
  const listed = withoutOurs(listedVolumes(present) ?? '');
  if (listed === undefined) return { annotations };
  // Whatever a status says, what somebody wrote behind ours stays.
  const isAdded = listed === '' && status?.extended?.includes(localVolumesAnnotation) !== true;
  return isAdded
    ? { annotations: [localVolumesAnnotation, ...annotations] }
    : { annotations, shortened: { [localVolumesAnnotation]: listed } };
}

function mounts({ volumeMounts }: Container, volume: string): boolean {
  return Array.isArray(volumeMounts) && volumeMounts.some(({ name }) => name === volume);
}

function customRemoval(
  { spec }: PodTemplate,
  { containers, initContainers, volumes }: CustomSidecarConfig,
): Removal | undefined {
  // There was a container before, so a pod of nothing but these was never injected.
  const complete =
    (spec?.containers?.length ?? 0) > containers.length &&
    containers.every((wanted) => hasEqual(spec?.containers, wanted)) &&
    initContainers.every((wanted) => hasEqual(spec?.initContainers, wanted)) &&
    volumes.every((wanted) => hasEqual(spec?.volumes, wanted));
  if (!complete) return undefined;
  return {
    annotations: [],
    initContainers: namesOf(initContainers),
    containers: namesOf(containers),
    volumes: namesOf(volumes),
  };
}

function hasEqual(
  items: readonly { readonly name: string }[] | null | undefined,
  wanted: { readonly name: string },
): boolean {
  return items?.some((item) => item.name === wanted.name && matches(item, wanted)) === true;
}

function namesOf(items: readonly { readonly name: string }[] | null | undefined): string[] {
  return (items ?? []).map(({ name }) => name);
}
