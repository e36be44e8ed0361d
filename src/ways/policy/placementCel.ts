import {
  fargate,
  linuxNodes,
  virtualNodes,
  windowsImage,
  windowsNodes,
  windowsRuntimeClasses,
  type NodeSign,
  type Platform,
} from '../../inject/placement.ts';
import { celString, celStrings } from './cel.ts';

const spec = 'object.spec';
const labels = 'object.metadata.labels';
const required = `${spec}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`;

/** Whether a pod runs on Windows, in CEL; see placementReason. */
export const runsOnWindows = `has(${spec}.os) && ${spec}.os.name.lowerAscii() == 'windows'
|| ${mustRunOn(windowsNodes)}
|| !(has(${spec}.os) && ${spec}.os.name.lowerAscii() == 'linux') && (${hintsAtWindows()})
  && !(${mustRunOn(linuxNodes)})`;

/** Whether a pod runs, or may run, on AWS Fargate, in CEL. */
export const runsOnFargate = runsOn(fargate);

/** Whether a pod runs, or may run, on a node of Virtual Kubelet, in CEL. */
export const runsOnVirtualNode = runsOn(virtualNodes);

function runsOn(platform: Platform): string {
  const isLabelled = Object.entries(platform.labels).map(([key, values]) => {
    const quoted = celString(key);
    return values.length === 0
      ? `${quoted} in ${labels}`
      : `${quoted} in ${labels} && ${labels}[${quoted}] in ${celStrings(values)}`;
  });
  const { schedulers, nodeNames, tolerated } = platform;
  return [
    `has(${labels}) && (${isLabelled.join('\n  || ')})`,
    ...(schedulers.length === 0
      ? []
      : [`has(${spec}.schedulerName) && ${spec}.schedulerName in ${celStrings(schedulers)}`]),
    `has(${spec}.nodeName) && ${celStrings(nodeNames)}.exists(name, ${spec}.nodeName.startsWith(name))`,
    ...(tolerated.length === 0
      ? []
      : [
          `has(${spec}.tolerations) && ${spec}.tolerations.exists(each, has(each.key) && each.key in ${celStrings(tolerated)})`,
        ]),
    mustRunOn(platform.nodes),
  ].join('\n|| ');
}

function hintsAtWindows(): string {
  const options = (owner: string): string =>
    `has(${owner}.securityContext) && has(${owner}.securityContext.windowsOptions) && size(${owner}.securityContext.windowsOptions) > 0`;
  const container = `${options('item')} || has(item.image) && item.image.matches(${celString(windowsImage)})`;
  return [
    options(spec),
    `has(${spec}.runtimeClassName) && ${celStrings(windowsRuntimeClasses)}.exists(part, ${spec}.runtimeClassName.contains(part))`,
    `${spec}.containers.exists(item, ${container})`,
    `has(${spec}.initContainers) && ${spec}.initContainers.exists(item, ${container})`,
  ].join('\n  || ');
}

/** The same rule as mustRunOn in src/inject/placement.ts. */
function mustRunOn(signs: readonly NodeSign[]): string {
  const selector = `${spec}.nodeSelector`;
  const terms = `${required}.nodeSelectorTerms`;
  return `has(${selector}) && ${selector}.exists(key, ${saysIn(signs, 'key', `${selector}[key]`)})
|| has(${spec}.affinity) && has(${spec}.affinity.nodeAffinity) && has(${required})
  && has(${terms}) && size(${terms}) > 0
  && ${terms}.all(term, has(term.matchExpressions) && term.matchExpressions.exists(each, ${says(signs)}))`;
}

function says(signs: readonly NodeSign[]): string {
  const values = 'has(each.values) && size(each.values) > 0';
  return [
    `each.operator == 'In' && ${values} && each.values.all(value, ${saysIn(signs, 'each.key', 'value')})`,
    ...signs.flatMap(({ keys, otherwise }) =>
      otherwise === undefined
        ? []
        : [
            `each.operator == 'NotIn' && each.key in ${celStrings(keys)} && has(each.values) && ${celString(otherwise)} in each.values`,
          ],
    ),
    ...signs.flatMap(({ keys, prefix }) =>
      prefix === '' ? [`each.operator == 'Exists' && each.key in ${celStrings(keys)}`] : [],
    ),
  ].join(' || ');
}

/** Whether the label of a node is one of the signs. The key and the value are CEL. */
function saysIn(signs: readonly NodeSign[], key: string, value: string): string {
  const one = ({ keys, prefix }: NodeSign): string => {
    const isKey = keys.length === 1 ? `${key} == ${celString(keys[0] ?? '')}` : `${key} in ${celStrings(keys)}`;
    return prefix === '' ? isKey : `${isKey} && ${value}.lowerAscii().startsWith(${celString(prefix)})`;
  };
  return signs.map(one).join(' || ');
}
