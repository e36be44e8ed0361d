import { sharedResources } from '../../inject/podResources.ts';
import {
  agentResources,
  logMebibytes,
  mirrorResources,
  storageName,
  type ConfiguredResources,
} from '../../sidecar/index.ts';
import { amountMap, amountVariables, askedVariables } from './amountsCel.ts';
import { celOf, celString, celStrings, type Variable } from './cel.ts';
import { parameter } from './parameters.ts';

/** Whether a pod has pod-level resources (hasPodResources), in CEL, without variables, for match conditions. */
export const podResources = `(has(object.spec.resources)
&& (has(object.spec.resources.requests) && size(object.spec.resources.requests) > 0
  || has(object.spec.resources.limits) && size(object.spec.resources.limits) > 0))`;
const allContainers = '(object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : []))';
const podLimits = '(has(object.spec.resources.limits) && name in object.spec.resources.limits)';
/** The names of the summed limits (summedLimits of src/inject), in CEL. */
export const summedLimits = `${celStrings(sharedResources)}.filter(name, !${podLimits}
  && ${allContainers}.all(container, has(container.resources) && has(container.resources.limits) && name in container.resources.limits))`;
/** See leavesHugePages of src/inject, in CEL. */
export const leavesHugePages = `(has(object.spec.resources) && has(object.spec.resources.requests)
  && object.spec.resources.requests.exists(name, name.startsWith('hugepages-') && !${podLimits}))`;

/**
 * The variables `guaranteed` (the pod's QoS class is Guaranteed, see isGuaranteed), `podResources` (see
 * hasPodResources), `resources` and `mirrorResources` (of the sidecar's containers, see sidecarResources).
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
  { name: 'summedLimits', expression: `variables.podResources ? ${summedLimits} : []` },
  ...askedVariables,
  { name: 'ownRequests', expression: amounts('requests') },
  { name: 'ownLimits', expression: amounts('limits') },
  { name: 'mirrorOwnRequests', expression: celOf(mirrorResources.configured.requests) },
  { name: 'mirrorOwnLimits', expression: celOf(mirrorResources.configured.limits) },
  ...containerVariables('own', agentResources({}, 0)),
  ...containerVariables('mirrorOwn', mirrorResources),
  { name: 'storageLimited', expression: saysStorage('limits') },
  { name: 'storageRequested', expression: `variables.storageLimited || ${saysStorage('requests')}` },
  ...storageVariables('own', `string(variables.sizeMebibytes + ${logMebibytes}) + 'Mi'`),
  ...storageVariables('mirrorOwn', celString(mirrorResources.storage)),
  { name: 'resources', expression: resourcesOf('own') },
  { name: 'mirrorResources', expression: resourcesOf('mirrorOwn') },
];

function containerVariables(prefix: string, { fallback }: ConfiguredResources): Variable[] {
  const [requests, limits] = [`variables.${prefix}Requests`, `variables.${prefix}Limits`];
  return [
    ...amountVariables(prefix, { requests, limits, fallback }),
    {
      // Neither CPU nor memory: the API server would refuse a pod with a request above its limit.
      name: `${prefix}Lowered`,
      expression: `${requests}.transformMap(name, amount,
  name in ${limits} && quantity(amount).compareTo(quantity(${limits}[name])) > 0 ? ${limits}[name] : amount)`,
    },
  ];
}

/** Whether a container of the pod limits or requests ephemeral storage, in CEL; see storageOf. */
function saysStorage(kind: 'limits' | 'requests'): string {
  return `${allContainers}.exists(container, has(container.resources) && has(container.resources.${kind})
  && ${celString(storageName)} in container.resources.${kind})`;
}

/** The variables PREFIX`StorageLimit` and PREFIX`StorageRequest`; the empty string means none. */
function storageVariables(prefix: string, least: string): Variable[] {
  const name = celString(storageName);
  const [limit, request] = [`variables.${prefix}StorageMost`, `variables.${prefix}StorageWanted`];
  const larger = (own: string): string =>
    `${name} in ${own} && quantity(string(${own}[${name}])).compareTo(quantity(variables.${prefix}StorageLeast)) > 0
? string(${own}[${name}])
: variables.${prefix}StorageLeast`;
  return [
    { name: `${prefix}StorageLeast`, expression: least },
    { name: `${prefix}StorageMost`, expression: larger(`variables.${prefix}Limits`) },
    { name: `${prefix}StorageWanted`, expression: larger(`variables.${prefix}Requests`) },
    { name: `${prefix}StorageLimit`, expression: `variables.storageLimited ? ${limit} : ''` },
    {
      name: `${prefix}StorageRequest`,
      expression: `!variables.storageRequested
? ''
: variables.storageLimited && quantity(${request}).compareTo(quantity(${limit})) > 0 ? ${limit} : ${request}`,
    },
  ];
}

/** In a pod with pod-level resources they are shared. In a Guaranteed pod requests equal limits, except for storage. */
function resourcesOf(prefix: string): string {
  const [limits, requests] = [`variables.${prefix}Limits`, `variables.${prefix}Lowered`];
  return `{'requests': ${amountMap(prefix, 'Request', `(variables.guaranteed ? ${limits} : ${requests})`)},
'limits': ${amountMap(prefix, 'Limit', limits)}}`;
}

/** Names and amounts in the form of the parameters; no amount is negative. */
const pattern = String.raw`^([^=,]+=([0-9]+[.]?[0-9]*|[.][0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?(,|$))*$`;

/** Whether the amounts in the parameters are quantities, in CEL. */
export const validResources = `${parameter('requests')}.matches('${pattern}') && ${parameter('limits')}.matches('${pattern}')`;

function amounts(key: 'requests' | 'limits'): string {
  return `string(${parameter(key)}).split(',').filter(item, item != '')
  .transformMapEntry(index, item, {item.split('=')[0]: item.split('=')[1]})`;
}
