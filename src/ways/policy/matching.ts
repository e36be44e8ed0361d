import type { SkipReason } from '../../inject/index.ts';
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

export interface MatchCondition {
  readonly name: string;
  /** True for a pod that is not left alone for this reason. */
  readonly expression: string;
}

/** The reasons of the policy: those of every way, of the injector's server, and invalid parameters of the policy. */
export type PolicySkip = SkipReason | 'not_opted_in' | 'not_probe' | 'patch_doubtful' | 'parameters_invalid';

/** The name of the condition that leaves a pod alone for a reason: `packet-capture.internal/host-network`. */
export function matchConditionName(reason: PolicySkip): string {
  return `packet-capture.internal/${reason.replaceAll('_', '-')}`;
}

/** All keys and values together (apimachinery/pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB). */
const maxAnnotationBytes = 256 * 1024;

/** That the annotation of the user's key, or our own, says something. */
const asked = annotationIs(parameter('annotation'));
const own = annotationIs(celString(injectAnnotation));
const isProbe = `${parameter('profile')} == 'probe'`;

const optsIn = [isProbe, `${parameter('optOut')} == 'true'`, asked('true')].join('\n|| ');

/**
 * Whether a pod gets the sidecar, in the order of planInjection's checks. Each condition is independent and reads no
 * variable, since the API server knows none there; together they may cost 2,500,000 (apiserver/pkg/apis/cel/config.go).
 */
export const optInConditions: readonly MatchCondition[] = [
  condition('opted_out', `!(${asked('false')}) && !(${own('false')})`),
  condition('not_opted_in', optsIn),
  condition('not_probe', `${parameter('profile')} != 'probe' || (has(request.dryRun) && request.dryRun)`),
];

const isRuntimeClass = `name != '' && (name.endsWith('*')
  ? object.spec.runtimeClassName.startsWith(name.replace('*', ''))
  : object.spec.runtimeClassName == name)`;

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
 * The API server evaluates all conditions of every pod, even when one is false, and again after another policy or
 * webhook: the dear ones look away then.
 */
const isSettled = `!(${optsIn}) || ${hasAnnotation(statusAnnotation)}`;

const hasRoom = `!has(object.metadata.annotations)
|| object.metadata.annotations.map(key, bytes(key).size() + bytes(object.metadata.annotations[key]).size()).sum()
  <= ${maxAnnotationBytes - addedAnnotationBytes}`;

/**
 * That the parameters are such as the API server takes in a pod. A patch with others would fail the pod, even under
 * `failurePolicy: Ignore` (apiserver/pkg/admission/plugin/policy/mutating: what cannot be decoded is an internal
 * error).
 */
const validParameters = `(${parameter('image')} != '' && ${parameter('image')}.trim() == ${parameter('image')}
  && ${parameter('imagePullPolicy')} in ['Always', 'IfNotPresent', 'Never'] && ${validResources}
  && ${validPort} && ${parameter('maxVolumeMebibytes')}.matches('^[1-9][0-9]{0,9}$')
  && ${validSecurity})`;

/** As isOurs of src/inject/presence.ts has it. */
const hasOurAgent = `has(object.spec.initContainers) && object.spec.initContainers.exists(item, item.name in ${celStrings(containerNames)}
  && (has(item.image) && item.image.matches(${celString(agentImage)})
    || has(item.volumeMounts) && item.volumeMounts.exists(mount, mount.name == ${celString(volumeNames.settings)}
      && mount.mountPath == ${celString(mountPaths.settings)})))`;

export const agentConditions: readonly MatchCondition[] = [
  condition('already_injected', `!(${hasAnnotation(statusAnnotation)} && !(${lacksNames(containerNames, [])}))`),
  condition('foreign_status', `${lacksAnnotation(statusAnnotation)} || !(${lacksNames(containerNames, [])})`),
  condition('status_missing', `${hasAnnotation(statusAnnotation)} || !(${hasOurAgent})`),
  condition('name_collision', lacksNames(containerNames, Object.values(volumeNames))),
  condition('pod_resources', `!${leavesHugePages}`),
  condition('patch_doubtful', `${isSettled} || ${hasRoom}`),
  condition('parameters_invalid', `${isSettled} || ${validParameters}`),
];

/** That a pod has no container and no volume of these names. */
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
