import { sharedResources } from '../inject/podResources.ts';
import { agentResources, mirrorResources, type OwnResources } from '../sidecar/index.ts';
import { amountMap, amountVariables, askedVariables } from './amounts.ts';
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
 * `mirrorResources`: of the sidecar's containers, as sidecarResources has them.
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
  ...askedVariables,
  { name: 'ownRequests', expression: amounts('requests') },
  { name: 'ownLimits', expression: amounts('limits') },
  { name: 'mirrorOwnRequests', expression: celOf(mirrorResources.own.requests) },
  { name: 'mirrorOwnLimits', expression: celOf(mirrorResources.own.limits) },
  ...containerVariables('own', agentResources({})),
  ...containerVariables('mirrorOwn', mirrorResources),
  { name: 'resources', expression: resourcesOf('own') },
  { name: 'mirrorResources', expression: resourcesOf('mirrorOwn') },
];

function containerVariables(prefix: string, { fallback }: OwnResources): Variable[] {
  const [requests, limits] = [`variables.${prefix}Requests`, `variables.${prefix}Limits`];
  return [
    ...amountVariables(prefix, { requests, limits, fallback }),
    {
      // Of what is neither CPU nor memory: a request above its limit would fail the pod.
      name: `${prefix}Lowered`,
      expression: `${requests}.transformMap(name, amount,
  name in ${limits} && quantity(amount).compareTo(quantity(${limits}[name])) > 0 ? ${limits}[name] : amount)`,
    },
  ];
}

/** A pod with resources as a whole shares those. Of a Guaranteed one all requests are the limits. */
function resourcesOf(prefix: string): string {
  const limits = amountMap(prefix, 'Limit', `variables.${prefix}Limits`);
  const requests = amountMap(prefix, 'Request', `variables.${prefix}Lowered`);
  const zero = `${summedLimits}.transformMapEntry(index, name, {name: '0'})`;
  return `variables.podResources
? {'requests': ${zero}, 'limits': ${zero}}
: {'requests': variables.guaranteed ? ${limits} : ${requests}, 'limits': ${limits}}`;
}

/** Of names and amounts as the parameters have them; none below zero. */
const pattern = String.raw`^([^=,]+=([0-9]+[.]?[0-9]*|[.][0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?(,|$))*$`;

/** That the parameters' amounts are quantities. */
export const validResources = `${parameter('requests')}.matches('${pattern}') && ${parameter('limits')}.matches('${pattern}')`;

function amounts(key: 'requests' | 'limits'): string {
  return `string(${parameter(key)}).split(',').filter(item, item != '')
  .transformMapEntry(index, item, {item.split('=')[0]: item.split('=')[1]})`;
}
