import type { LocalObjectReference, PodSpec, PodTemplate } from '../kubernetes/api/types.ts';
import {
  injectAnnotation,
  ringBytes,
  settingAnnotation,
  type SettingName,
  type SettingValues,
} from '../settings/index.ts';
import {
  amountAnnotation,
  amountsOfAnnotations,
  asksForMirror,
  hasInvalidAmount,
  isSkippedRuntimeClass,
  maxVolumeBytes,
  settingsOfPod,
  type AgentSidecarConfig,
  type AmountName,
  type CustomSidecarConfig,
  type SidecarAmounts,
  type SidecarConfig,
} from '../sidecar/index.ts';
import { systemNamespaces } from '../systemNamespaces.ts';
import { agentAddition, customAddition, sizeSettings, type Addition } from './addition.ts';
import { listedVolumes } from './evictable.ts';
import { exceedsBaseline } from './exceedsBaseline.ts';
import { inheritedSecurity } from './inherited.ts';
import { matches } from './matches.ts';
import { lostPackets } from './notes.ts';
import { placementReason } from './placement.ts';
import {
  asksForResources,
  hasPodResources,
  leavesHugePages,
  needsLimits,
  storageOf,
  summedLimits,
} from './podResources.ts';
import type { PodSecurityLevel } from './podSecurityLevel.ts';
import { declaresPort } from './ports.ts';
import { presenceIn, type Presence } from './presence.ts';
import { isGuaranteed } from './qos.ts';
import type { LeftOut, SkipReason } from './reasons.ts';

/** What decides whether and how a pod gets the sidecar, besides the pod itself. */
export interface InjectOptions {
  readonly config: SidecarConfig;
  /** Settings to write into the pod's annotations. */
  readonly settings: SettingValues;
  /** Amounts of the sidecar's CPU and memory to write into the annotations. */
  readonly amounts?: SidecarAmounts | undefined;
  /** The Pod Security level of the pod's namespace. */
  readonly podSecurity: PodSecurityLevel;
  /** The pod's namespace, if it is known. */
  readonly namespace?: string | undefined;
  /**
   * Whether the pod is in admission, where it has the pull secrets of its service account already. A pod or template
   * without any would not get those of its service account if it were given one here
   * (plugin/pkg/admission/serviceaccount), and its image could not be pulled.
   */
  readonly atAdmission?: boolean | undefined;
}

/** The decision on a pod template: what is added, or the reason why nothing is. */
export type InjectPlan =
  | {
      readonly inject: true;
      readonly addition: Addition;
      /** What the pod asks for and cannot have. */
      readonly leftOut?: readonly LeftOut[] | undefined;
    }
  | { readonly inject: false; readonly reason: SkipReason };

/** Decides whether a pod template gets the sidecar, and what exactly is added to it. */
export function planInjection(template: PodTemplate, options: InjectOptions): InjectPlan {
  const { spec } = template;
  if (!spec?.containers?.length) return { inject: false, reason: 'no_pod_template' };
  const { config } = options;
  const reason =
    whyUnfit(template, spec, options) ??
    (config.form === 'agent'
      ? agentConflict(template, spec, options)
      : customConflict(spec, config, options.podSecurity));
  if (reason !== undefined) return { inject: false, reason };
  return config.form === 'agent'
    ? planFor(template, spec, config, options)
    : { inject: true, addition: customAddition(config) };
}

/** The reason why no container of ours can be added, neither the agent's nor a custom one; undefined if one can. */
export function whyUnfit(
  { metadata }: PodTemplate,
  spec: PodSpec,
  { config, namespace }: Pick<InjectOptions, 'config' | 'namespace'>,
): SkipReason | undefined {
  const annotations = metadata?.annotations ?? {};
  // A manifest may contain false without quotation marks. That is not valid as an annotation, but its meaning is clear.
  if (String(annotations[injectAnnotation]) === 'false') return 'opted_out';
  if ('kubernetes.io/config.mirror' in annotations) return 'mirror_pod';
  if (systemNamespaces.includes(namespace ?? metadata?.namespace ?? '')) return 'system_namespace';
  // The policy has the same rules in src/ways/policy/matching.ts, the webhook in templates/templates/_webhook.tpl.
  if (spec.hostNetwork === true) return 'host_network';
  const placement = placementReason(metadata?.labels ?? {}, spec);
  return placement ?? (isSkippedRuntimeClass(config, spec['runtimeClassName']) ? 'sandbox' : undefined);
}

const presenceReasons = {
  whole: 'already_injected',
  status_alone: 'foreign_status',
  sidecar_alone: 'status_missing',
  foreign: 'name_collision',
} as const satisfies Readonly<Record<Exclude<Presence, 'none'>, SkipReason>>;

function agentConflict(template: PodTemplate, spec: PodSpec, options: InjectOptions): SkipReason | undefined {
  const annotations = template.metadata?.annotations ?? {};
  const presence = presenceIn(template, spec);
  if (presence !== 'none') return presenceReasons[presence];
  if (options.podSecurity === 'restricted') return 'pod_security_restricted';
  if (leavesHugePages(spec)) return 'pod_resources';
  const conflict = givenAnnotations(options).some(
    ([key, value]) => annotations[key] !== undefined && annotations[key] !== value,
  );
  return conflict ? 'setting_conflict' : undefined;
}

/** A custom sidecar has no status annotation. It is present when all its parts are present, unchanged. */
function customConflict(
  spec: PodSpec,
  config: CustomSidecarConfig,
  podSecurity: PodSecurityLevel,
): SkipReason | undefined {
  const pairs = [
    ...pairsByName(
      [...(spec.containers ?? []), ...(spec.initContainers ?? [])],
      [...config.containers, ...config.initContainers],
    ),
    ...pairsByName(spec.volumes ?? [], config.volumes),
  ];
  if (pairs.every(({ present }) => present === undefined)) return customExcess(spec, config, podSecurity);
  return pairs.every(({ wanted, present }) => matches(present, wanted)) ? 'already_injected' : 'name_collision';
}

/** Why the API server would refuse the app's pod with the custom sidecar, or store it with other resources. */
function customExcess(
  spec: PodSpec,
  config: CustomSidecarConfig,
  podSecurity: PodSecurityLevel,
): SkipReason | undefined {
  if (podSecurity === 'baseline' && exceedsBaseline(config)) return 'pod_security_baseline';
  if (!hasPodResources(spec)) return undefined;
  const asks = [...config.containers, ...config.initContainers].some(({ resources }) => asksForResources(resources));
  return asks || needsLimits(spec) ? 'pod_resources' : undefined;
}

function pairsByName<T extends { readonly name: string }>(
  present: readonly T[],
  wanted: readonly T[],
): { wanted: T; present: T | undefined }[] {
  return wanted.map((item) => ({ wanted: item, present: present.find(({ name }) => name === item.name) }));
}

function planFor(template: PodTemplate, spec: PodSpec, config: AgentSidecarConfig, options: InjectOptions): InjectPlan {
  const present = template.metadata?.annotations ?? {};
  const given = givenAnnotations(options);
  const annotations = given.length === 0 ? {} : Object.fromEntries(given.filter(([key]) => !(key in present)));
  const all = given.length === 0 ? present : { ...present, ...annotations };
  const profile = options.podSecurity === 'baseline' ? 'baseline' : 'privileged';
  const mirror = asksForMirror(all[mirrorKey], config.settings);
  const podSettings = sizeSettings(all);
  const addition = agentAddition(config, {
    annotations,
    localVolumes: listedVolumes(present),
    sidecar: {
      profile,
      guaranteed: isGuaranteed(spec),
      podResources: hasPodResources(spec),
      summedLimits: summedLimits(spec),
      amounts: amountsOfAnnotations(all),
      storage: storageOf(spec),
      ...inheritedSecurity(spec),
      metricsPortTaken: config.agent.metricsPort !== undefined && declaresPort(spec, config.agent.metricsPort),
      mirror: mirror && profile === 'privileged',
      podSettings,
    },
    imagePullSecrets: options.atAdmission === true ? absentSecrets(spec, config) : [],
  });
  const leftOut: LeftOut[] = [];
  if (mirror && profile === 'baseline') leftOut.push('mirror');
  if (hasInvalidAmount(all)) leftOut.push('amount');
  if (ringBytes(settingsOfPod(config, podSettings)) > maxVolumeBytes(config.agent)) leftOut.push('ring');
  leftOut.push(...lostPackets(template, all, options));
  return leftOut.length === 0 ? { inject: true, addition } : { inject: true, addition, leftOut };
}

const mirrorKey = settingAnnotation('mirror');

function absentSecrets({ imagePullSecrets }: PodSpec, { agent }: AgentSidecarConfig): readonly LocalObjectReference[] {
  return agent.imagePullSecrets.filter(
    ({ name }) => imagePullSecrets?.some((present) => present.name === name) !== true,
  );
}

/** The annotations that the options ask for, in their order. */
function givenAnnotations({ settings, amounts = {} }: InjectOptions): (readonly [key: string, value: string])[] {
  const given = Object.entries(settings) as [SettingName, string][];
  const asked = Object.entries(amounts) as [AmountName, string][];
  return [
    ...given.map(([name, value]) => [settingAnnotation(name), value] as const),
    ...asked.map(([name, value]) => [amountAnnotation(name), value] as const),
  ];
}
