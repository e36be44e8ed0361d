import type { Container, PodTemplate, PatchOperation } from '../kubernetes/api/types.ts';
import {
  settingAnnotation,
  settings,
  statusAnnotation,
  type SettingName,
  type SettingValues,
} from '../settings/index.ts';
import {
  amountAnnotation,
  amountNames,
  containerName,
  isPlaceholderImage,
  parseStatus,
  type AgentSidecarConfig,
  type AmountName,
  type SidecarAmounts,
} from '../sidecar/index.ts';
import type { Addition } from './addition.ts';
import { withoutRemoved } from './applied.ts';
import { matches } from './matches.ts';
import { planInjection, type InjectOptions, type InjectPlan } from './plan.ts';
import type { LeftOut, SkipReason } from './reasons.ts';
import { planRemoval, type Removal } from './removal.ts';
import { additionPatch, removalPatch } from './templatePatch.ts';

/** What the user gives for a template that has the sidecar already. */
export interface UpdateOptions extends InjectOptions {
  /**
   * The user named the sidecar, so all of it is made anew; otherwise the settings change, and what follows from them.
   */
  readonly renew: boolean;
}

/**
 * The removal comes before the addition, so that a later removal restores the template of before the first injection.
 */
export interface Update {
  readonly removal: Removal;
  readonly addition: Addition;
  readonly leftOut?: readonly LeftOut[] | undefined;
}

/** What is replaced, or why nothing is. */
export type UpdatePlan = ({ readonly update: true } & Update) | { readonly update: false; readonly reason: SkipReason };

/**
 * Decides what becomes of a template that carries our sidecar already: settings that are given take the place of those
 * that an injection wrote, others of these stay, and the user's own annotations are never touched.
 * @returns `already_injected` when nothing would change; a second time nothing does
 */
export function planUpdate(template: PodTemplate, options: UpdateOptions): UpdatePlan {
  const { config } = options;
  const found = planRemoval(template, config);
  if (config.form !== 'agent' || !found.remove || !asksForAnything(options))
    return { update: false, reason: 'already_injected' };
  const { removal } = found;
  const bare = withoutRemoved(template, removal);
  const made = likePresent(template, config, options.renew);
  const before = writtenOptions(template, removal);
  const wanted = {
    ...options,
    config: made,
    settings: { ...before.settings, ...options.settings },
    amounts: { ...before.amounts, ...options.amounts },
  };
  const plan = planInjection(bare, wanted);
  if (!plan.inject) return { update: false, reason: plan.reason };
  const keeps = !options.renew && sameParts(planInjection(bare, { ...wanted, ...before }), plan);
  const addition = keeps ? withPresentParts(template, removal, plan.addition) : plan.addition;
  if (isThere(template, removal, addition)) return { update: false, reason: 'already_injected' };
  return { update: true, removal, addition, leftOut: plan.leftOut };
}

function asksForAnything({ renew, settings: given, amounts = {} }: UpdateOptions): boolean {
  return renew || Object.keys(given).length > 0 || Object.keys(amounts).length > 0;
}

/** The patch of an update, for an object whose pod template sits at `path`. */
export function updatePatch(
  template: PodTemplate,
  { removal, addition }: Update,
  path: readonly (string | number)[],
): PatchOperation[] {
  const { metadata, spec, ...rest } = withoutRemoved(template, removal);
  // As removalPatch leaves them: what would be empty is gone.
  const filled = <T extends object>(value: T | null | undefined): T | null =>
    value == null || Object.keys(value).length === 0 ? null : value;
  const bare = {
    ...rest,
    ...(template.metadata == null ? {} : { metadata: { ...metadata, annotations: filled(metadata?.annotations) } }),
    spec: { ...spec, volumes: filled(spec?.volumes), initContainers: filled(spec?.initContainers) },
  };
  return [...removalPatch(template, removal, path), ...additionPatch(bare, addition, path)];
}

/** What stays when the user does not name the sidecar: its image and its resources. */
function likePresent({ spec }: PodTemplate, config: AgentSidecarConfig, renew: boolean): AgentSidecarConfig {
  if (renew && !isPlaceholderImage(config.agent.image)) return config;
  const present = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find(
    ({ name }) => name === containerName,
  );
  const image = present?.image ?? config.agent.image;
  const policy = present?.['imagePullPolicy'];
  const imagePullPolicy = typeof policy === 'string' ? policy : config.agent.imagePullPolicy;
  const resources = present?.resources;
  const agent = { ...config.agent, image, imagePullPolicy };
  return { ...config, agent: renew ? agent : { ...agent, resources: resources ?? agent.resources } };
}

/** The options whose annotations an injection wrote. */
function writtenOptions(
  { metadata }: PodTemplate,
  removal: Removal,
): { readonly settings: SettingValues; readonly amounts: SidecarAmounts } {
  const written = <Name extends string>(
    names: readonly Name[],
    keyOf: (name: Name) => string,
  ): Partial<Record<Name, string>> => {
    const values: Partial<Record<Name, string>> = {};
    for (const name of names)
      if (removal.annotations.includes(keyOf(name))) values[name] = String(metadata?.annotations?.[keyOf(name)]);
    return values;
  };
  return {
    settings: written<SettingName>(
      settings.map(({ name }) => name),
      settingAnnotation,
    ),
    amounts: written<AmountName>(amountNames, amountAnnotation),
  };
}

/** Whether two plans add the same containers and volumes. */
function sameParts(one: InjectPlan, other: InjectPlan): boolean {
  if (!one.inject || !other.inject) return false;
  const parts = ({ initContainers, containers, volumes }: Addition): string =>
    JSON.stringify([initContainers, containers, volumes]);
  return parts(one.addition) === parts(other.addition);
}

/** The addition with the containers and volumes that are there, whatever version made them, and its own annotations. */
function withPresentParts({ metadata, spec }: PodTemplate, removal: Removal, addition: Addition): Addition {
  const named = <T extends { readonly name: string }>(
    items: readonly T[] | null | undefined,
    names: readonly string[],
  ): T[] => (items ?? []).filter(({ name }) => names.includes(name));
  const status = parseStatus(metadata?.annotations?.[statusAnnotation]);
  const { version, containers, volumes } = status ?? {};
  const text = JSON.stringify({ ...parseStatus(addition.annotations[statusAnnotation]), version, containers, volumes });
  return {
    ...addition,
    annotations: status === undefined ? addition.annotations : { ...addition.annotations, [statusAnnotation]: text },
    initContainers: named(spec?.initContainers, removal.initContainers),
    containers: named(spec?.containers, removal.containers),
    volumes: named(spec?.volumes, removal.volumes),
  };
}

/** Whether the template has exactly this addition. The version in the status is not compared. */
function isThere({ metadata, spec }: PodTemplate, removal: Removal, addition: Addition): boolean {
  const present = metadata?.annotations ?? {};
  const keys = Object.keys(addition.annotations);
  return (
    keys.length === removal.annotations.length &&
    keys.every((key) =>
      key === statusAnnotation
        ? sameStatus(present[key], addition.annotations[key])
        : present[key] === addition.annotations[key],
    ) &&
    allThere(spec?.initContainers, removal.initContainers, addition.initContainers) &&
    allThere(spec?.containers, removal.containers, addition.containers) &&
    allThere(spec?.volumes, removal.volumes, addition.volumes)
  );
}

function sameStatus(one: string | undefined, other: string | undefined): boolean {
  const parts = (text: string | undefined): string => {
    const { containers, volumes, annotations = [] } = parseStatus(text) ?? {};
    return JSON.stringify([containers, volumes, annotations.toSorted()]);
  };
  return parts(one) === parts(other);
}

function allThere(
  present: readonly Pick<Container, 'name'>[] | null | undefined,
  ours: readonly string[],
  wanted: readonly { readonly name: string }[],
): boolean {
  return (
    ours.length === wanted.length &&
    wanted.every((item) => present?.some((other) => other.name === item.name && matches(other, item)) === true)
  );
}
