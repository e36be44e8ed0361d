import { skipReasons, type SkipReason } from '../../inject/index.ts';
import { agentImage } from '../../inject/presence.ts';
import { injectAnnotation, statusAnnotation } from '../../settings/index.ts';
import { containerNames, mountPaths, volumeNames } from '../../sidecar/index.ts';
import { systemNamespaces } from '../../systemNamespaces.ts';
import { addedAnnotationBytes } from './annotationsCel.ts';
import { celString, celStrings } from './cel.ts';
import { parameter, skippedRuntimeClasses } from './parameters.ts';
import { runsOnFargate, runsOnVirtualNode, runsOnWindows } from './placementCel.ts';
import { validPort } from './portsCel.ts';
import { leavesHugePages, validResources } from './resourcesCel.ts';
import { validSecurity } from './securityContextCel.ts';

/** A match condition of the policy. */
export interface MatchCondition {
  readonly name: string;
  /** CEL; false for a pod that is left alone for this reason. */
  readonly expression: string;
}

/** The reasons that the policy has besides those of all ways, one clause each. */
const ownSkips = {
  not_opted_in: 'its annotation does not ask for it',
  not_probe: 'it has the labels of a probe, and is not a dry run',
  patch_doubtful: 'it has so many annotations that no more fit (256 KiB)',
  parameters_invalid: 'the ConfigMap has a value that the API server accepts in no pod',
} as const;

/** The reasons of the policy. */
export type PolicySkip = SkipReason | keyof typeof ownSkips;

/** The name of the condition that leaves a pod alone for a reason: `packet-capture.internal/host-network`. */
export function matchConditionName(reason: PolicySkip): string {
  return `${namePrefix}${reason.replaceAll('_', '-')}`;
}

const namePrefix = 'packet-capture.internal/';

/** Why the policy leaves a pod alone, by the name of the condition without its prefix; in the order of the policy. */
export function policySkips(): readonly { readonly name: string; readonly text: string }[] {
  const texts = new Map(
    Object.entries({ ...skipReasons, ...ownSkips }).map(([reason, text]) => [
      matchConditionName(reason as PolicySkip),
      text,
    ]),
  );
  return [...optInConditions, ...fitConditions, ...agentConditions].map(({ name }) => ({
    name: name.slice(namePrefix.length),
    text: texts.get(name) ?? '',
  }));
}

/** The limit for all keys and values (apimachinery/pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB). */
const maxAnnotationBytes = 256 * 1024;

/** Whether the annotation has a value, in CEL. The key is that of the parameters, or packet-capture/inject. */
const asked = annotationIs(parameter('annotation'));
const own = annotationIs(celString(injectAnnotation));
const isProbe = `${parameter('profile')} == 'probe'`;

const optsIn = [isProbe, `${parameter('optOut')} == 'true'`, asked('true')].join('\n|| ');

/**
 * Whether a pod gets the sidecar, in the order of the checks of planInjection. Each condition is independent, because
 * match conditions cannot read variables. All together may cost 2,500,000 (apiserver/pkg/apis/cel/config.go).
 */
export const optInConditions: readonly MatchCondition[] = [
  condition('opted_out', `!(${asked('false')}) && !(${own('false')})`),
  condition('not_opted_in', optsIn),
  condition('not_probe', `${parameter('profile')} != 'probe' || (has(request.dryRun) && request.dryRun)`),
];

const isRuntimeClass = `name != '' && (name.endsWith('*')
  ? object.spec.runtimeClassName.startsWith(name.replace('*', ''))
  : object.spec.runtimeClassName == name)`;

/** Whether the sidecar fits the pod, for every kind of sidecar. */
export const fitConditions: readonly MatchCondition[] = [
  condition('mirror_pod', lacksAnnotation('kubernetes.io/config.mirror')),
  condition('system_namespace', `!(request.namespace in ${celStrings(systemNamespaces)})`),
  condition('host_network', '!has(object.spec.hostNetwork) || !object.spec.hostNetwork'),
  condition('windows', `!(${runsOnWindows})`),
  condition('fargate', `!(${runsOnFargate})`),
  condition('virtual_node', `!(${runsOnVirtualNode})`),
  condition(
    'sandbox',
    `!(has(object.spec.runtimeClassName) && ${skippedRuntimeClasses}.exists(name, ${isRuntimeClass}))`,
  ),
];

/**
 * The API server evaluates all conditions for every pod, even if one is false, and again after another policy or
 * webhook has changed it. So the expensive ones begin with a cheap check.
 */
const isSettled = `!(${optsIn}) || ${hasAnnotation(statusAnnotation)}`;

const hasRoom = `!has(object.metadata.annotations)
|| object.metadata.annotations.map(key, bytes(key).size() + bytes(object.metadata.annotations[key]).size()).sum()
  <= ${maxAnnotationBytes - addedAnnotationBytes}`;

/**
 * Whether the API server accepts the parameters in a pod. With other ones the pod would be refused, even with
 * `failurePolicy: Ignore` (apiserver/pkg/admission/plugin/policy/mutating: a patch that cannot be decoded is an
 * internal error).
 */
const validParameters = `(${parameter('image')} != '' && ${parameter('image')}.trim() == ${parameter('image')}
  && ${parameter('imagePullPolicy')} in ['Always', 'IfNotPresent', 'Never'] && ${validResources}
  && ${validPort} && ${parameter('maxVolumeMebibytes')}.matches('^[1-9][0-9]{0,9}$')
  && ${validSecurity})`;

/** The same rule as isOurs in src/inject/presence.ts. */
const hasOurAgent = `has(object.spec.initContainers) && object.spec.initContainers.exists(item, item.name in ${celStrings(containerNames)}
  && (has(item.image) && item.image.matches(${celString(agentImage)})
    || has(item.volumeMounts) && item.volumeMounts.exists(mount, mount.name == ${celString(volumeNames.settings)}
      && mount.mountPath == ${celString(mountPaths.settings)})))`;

/** The conditions of the agent's sidecar only. */
export const agentConditions: readonly MatchCondition[] = [
  condition('already_injected', `!(${hasAnnotation(statusAnnotation)} && !(${lacksNames(containerNames, [])}))`),
  condition('foreign_status', `${lacksAnnotation(statusAnnotation)} || !(${lacksNames(containerNames, [])})`),
  condition('status_missing', `${hasAnnotation(statusAnnotation)} || !(${hasOurAgent})`),
  condition('name_collision', lacksNames(containerNames, Object.values(volumeNames))),
  condition('pod_resources', `!${leavesHugePages}`),
  condition('patch_doubtful', `${isSettled} || ${hasRoom}`),
  condition('parameters_invalid', `${isSettled} || ${validParameters}`),
];

/** Whether a pod has no container and no volume of these names, in CEL. */
export function lacksNames(containers: readonly string[], volumes: readonly string[]): string {
  const isOne = (names: readonly string[]): string =>
    names.length === 1 ? `== ${celString(names[0] ?? '')}` : `in ${celStrings(names)}`;
  const lacks = (list: string, names: readonly string[]): string => `!${list}.exists(item, item.name ${isOne(names)})`;
  const optional = (list: string, names: readonly string[]): string => `(!has(${list}) || ${lacks(list, names)})`;
  return [
    lacks('object.spec.containers', containers),
    optional('object.spec.initContainers', containers),
    ...(volumes.length === 0 ? [] : [optional('object.spec.volumes', volumes)]),
  ].join('\n&& ');
}

/** The condition that leaves a pod alone for a reason. */
export function condition(reason: PolicySkip, expression: string): MatchCondition {
  return { name: matchConditionName(reason), expression };
}

function annotationIs(key: string): (value: string) => string {
  const annotations = 'object.metadata.annotations';
  return (value) => `has(${annotations}) && ${key} in ${annotations} && ${annotations}[${key}] == ${celString(value)}`;
}

function hasAnnotation(key: string): string {
  return `has(object.metadata.annotations) && ${celString(key)} in object.metadata.annotations`;
}

function lacksAnnotation(key: string): string {
  return `!(${hasAnnotation(key)})`;
}
