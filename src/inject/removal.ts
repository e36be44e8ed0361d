import { statusAnnotation } from '../settings/index.ts';
import { parseStatus, type OwnSidecarConfig, type PodTemplate, type SidecarConfig } from '../sidecar/index.ts';
import { carries } from './carries.ts';
import type { SkipReason } from './reasons.ts';

/** What is taken out of a pod template, by name. */
export interface Removal {
  readonly annotations: readonly string[];
  readonly initContainers: readonly string[];
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
}

export type RemovalPlan =
  | { readonly remove: true; readonly removal: Removal }
  | { readonly remove: false; readonly reason: SkipReason };

/**
 * The inverse of {@link planInjection}: our own sidecar goes by the status that stands in the pod's annotations,
 * whatever version made it; a user's own goes by the configuration, when all of it is there unchanged.
 */
export function planRemoval(template: PodTemplate, config: SidecarConfig): RemovalPlan {
  const removal = config.form === 'agent' ? agentRemoval(template) : ownRemoval(template, config);
  return removal === undefined ? { remove: false, reason: 'not_injected' } : { remove: true, removal };
}

function agentRemoval({ metadata, spec }: PodTemplate): Removal | undefined {
  const present = metadata?.annotations ?? {};
  const status = parseStatus(present[statusAnnotation]);
  if (status === undefined) return undefined;
  const annotations = [...(status.annotations ?? []), statusAnnotation];
  return {
    annotations: annotations.filter((key) => key in present),
    initContainers: namesIn(spec?.initContainers, status.containers),
    containers: namesIn(spec?.containers, status.containers),
    volumes: namesIn(spec?.volumes, status.volumes),
  };
}

function ownRemoval({ spec }: PodTemplate, { containers, initContainers, volumes }: OwnSidecarConfig): Removal | undefined {
  // There was a container before, so a pod of nothing but these was never injected.
  const complete =
    (spec?.containers?.length ?? 0) > containers.length &&
    containers.every((wanted) => hasEqual(spec?.containers, wanted)) &&
    initContainers.every((wanted) => hasEqual(spec?.initContainers, wanted)) &&
    volumes.every((wanted) => hasEqual(spec?.volumes, wanted));
  if (!complete) return undefined;
  const names = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name);
  return { annotations: [], initContainers: names(initContainers), containers: names(containers), volumes: names(volumes) };
}

function hasEqual(items: readonly { readonly name: string }[] | null | undefined, wanted: { readonly name: string }): boolean {
  return items?.some((item) => item.name === wanted.name && carries(item, wanted)) === true;
}

function namesIn(items: readonly { readonly name: string }[] | null | undefined, names: readonly string[]): string[] {
  return (items ?? []).map(({ name }) => name).filter((name) => names.includes(name));
}
