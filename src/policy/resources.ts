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
  { name: 'requests', expression: `variables.guaranteed ? variables.limits : ${amounts('requests')}` },
  { name: 'resources', expression: `{'requests': variables.requests, 'limits': variables.limits}` },
];

/**
 * That the sidecar's resources are such as the API server takes. A patch with others would fail the pod, even under
 * `failurePolicy: Ignore` (apiserver/pkg/admission/plugin/policy/mutating: an internal error of decoding is returned).
 */
export const validResources = `(${parameter('requests')} + ',' + ${parameter('limits')}).split(',').all(item, item == ''
  || (item.split('=').size() == 2 && isQuantity(item.split('=')[1]) && quantity(item.split('=')[1]).compareTo(quantity('0')) >= 0))
&& ${parameter('requests')}.split(',').all(request, request == '' || ${parameter('limits')}.split(',').all(limit,
  limit == '' || limit.split('=')[0] != request.split('=')[0]
  || quantity(request.split('=')[1]).compareTo(quantity(limit.split('=')[1])) <= 0))`;

function amounts(key: 'requests' | 'limits'): string {
  return `string(${parameter(key)}).split(',').filter(item, item != '' && !variables.podResources)
  .transformMapEntry(index, item, {item.split('=')[0]: item.split('=')[1]})`;
}
