import { sharedResources } from '../inject/podResources.ts';
import { defaultSidecarConfig, makeSidecar } from '../sidecar/index.ts';
import { celOf, celStrings } from './cel.ts';
import { parameter } from './parameters.ts';
import type { Variable } from './variable.ts';

/** As hasPodResources, summedLimits and leavesHugePages have them. A match condition reads no variable. */
export const podResources = `(has(object.spec.resources)
&& (has(object.spec.resources.requests) && size(object.spec.resources.requests) > 0
  || has(object.spec.resources.limits) && size(object.spec.resources.limits) > 0))`;
const allContainers = '(object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : []))';
const podLimits = '(has(object.spec.resources.limits) && name in object.spec.resources.limits)';
export const summedLimits = `${celStrings(sharedResources)}.filter(name, !${podLimits}
  && ${allContainers}.all(container, has(container.resources) && has(container.resources.limits) && name in container.resources.limits))`;
export const leavesHugePages = `(has(object.spec.resources) && has(object.spec.resources.requests)
  && object.spec.resources.requests.exists(name, name.startsWith('hugepages-') && !${podLimits}))`;

/**
 * `guaranteed`: the pod's QoS class is Guaranteed; see isGuaranteed. `podResources`: see hasPodResources. `resources`,
 * `mirrorResources`: of the sidecar's containers, with which both stay true.
 */
export const resourceVariables: readonly Variable[] = [
  {
    name: 'guaranteed',
    expression: `${allContainers}.all(container,
  has(container.resources) && has(container.resources.limits) && ['cpu', 'memory'].all(name,
    name in container.resources.limits
    && (!has(container.resources.requests) || !(name in container.resources.requests)
      || quantity(container.resources.requests[name]).compareTo(quantity(container.resources.limits[name])) == 0)))`,
  },
  { name: 'podResources', expression: podResources },
  {
    name: 'limits',
    expression: `variables.podResources
? ${summedLimits}.transformMapEntry(index, name, {name: '0'})
: ${amounts('limits')}`,
  },
  { name: 'ownRequests', expression: amounts('requests') },
  {
    name: 'requests',
    // A request above its limit would fail the pod.
    expression: `variables.podResources || variables.guaranteed ? variables.limits : variables.ownRequests.transformMap(name, amount,
  name in variables.limits && quantity(amount).compareTo(quantity(variables.limits[name])) > 0 ? variables.limits[name] : amount)`,
  },
  { name: 'resources', expression: `{'requests': variables.requests, 'limits': variables.limits}` },
  {
    name: 'mirrorResources',
    expression: `variables.podResources
? variables.resources
: variables.guaranteed
? ${mirrorResources(true)}
: ${mirrorResources(false)}`,
  },
];

function mirrorResources(guaranteed: boolean): string {
  const { mirror } = makeSidecar({ config: defaultSidecarConfig, profile: 'privileged', guaranteed, mirror: true, podSettings: {} });
  return celOf(mirror?.resources);
}

/** Of names and amounts as the parameters have them; none below zero. */
const pattern = String.raw`^([^=,]+=([0-9]+[.]?[0-9]*|[.][0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?(,|$))*$`;

/** That the parameters' amounts are quantities. */
export const validResources = `${parameter('requests')}.matches('${pattern}') && ${parameter('limits')}.matches('${pattern}')`;

function amounts(key: 'requests' | 'limits'): string {
  return `string(${parameter(key)}).split(',').filter(item, item != '')
  .transformMapEntry(index, item, {item.split('=')[0]: item.split('=')[1]})`;
}
