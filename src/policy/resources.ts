import { parameter } from './parameters.ts';
import type { Variable } from './variable.ts';

/**
 * `guaranteed`: the pod's QoS class is Guaranteed; see isGuaranteed. `podResources`: see hasPodResources. `resources`: the
 * sidecar's, with which both stay true.
 */
export const resourceVariables: readonly Variable[] = [
  {
    name: 'guaranteed',
    expression: `(object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])).all(container,
  has(container.resources) && has(container.resources.limits) && ['cpu', 'memory'].all(name,
    name in container.resources.limits
    && (!has(container.resources.requests) || !(name in container.resources.requests)
      || quantity(container.resources.requests[name]).compareTo(quantity(container.resources.limits[name])) == 0)))`,
  },
  {
    name: 'podResources',
    expression: `has(object.spec.resources)
&& (has(object.spec.resources.requests) && size(object.spec.resources.requests) > 0
  || has(object.spec.resources.limits) && size(object.spec.resources.limits) > 0)`,
  },
  { name: 'limits', expression: amounts('limits') },
  { name: 'ownRequests', expression: amounts('requests') },
  {
    name: 'requests',
    // A request above its limit would fail the pod.
    expression: `variables.guaranteed ? variables.limits : variables.ownRequests.transformMap(name, amount,
  name in variables.limits && quantity(amount).compareTo(quantity(variables.limits[name])) > 0 ? variables.limits[name] : amount)`,
  },
  { name: 'resources', expression: `{'requests': variables.requests, 'limits': variables.limits}` },
];

/** Of names and amounts as the parameters have them; none below zero. */
const pattern = String.raw`^([^=,]+=([0-9]+[.]?[0-9]*|[.][0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?(,|$))*$`;

/** That the parameters' amounts are quantities. */
export const validResources = `${parameter('requests')}.matches('${pattern}') && ${parameter('limits')}.matches('${pattern}')`;

function amounts(key: 'requests' | 'limits'): string {
  return `string(${parameter(key)}).split(',').filter(item, item != '' && !variables.podResources)
  .transformMapEntry(index, item, {item.split('=')[0]: item.split('=')[1]})`;
}
