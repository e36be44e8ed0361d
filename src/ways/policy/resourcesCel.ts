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
      // Of what is neither CPU nor memory: a request above its limit would fail the pod.
      name: `${prefix}Lowered`,
      expression: `${requests}.transformMap(name, amount,
  name in ${limits} && quantity(amount).compareTo(quantity(${limits}[name])) > 0 ? ${limits}[name] : amount)`,
    },
  ];
}

/** That a container of the pod limits or requests ephemeral storage: see storageOf. */
function saysStorage(kind: 'limits' | 'requests'): string {
  return `${allContainers}.exists(container, has(container.resources) && has(container.resources.${kind})
  && ${celString(storageName)} in container.resources.${kind})`;
}

/** PREFIX and `StorageLimit`, `StorageRequest`: the empty string for none. */
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

/** A pod with resources as a whole shares those. Of a Guaranteed one all requests are the limits, but for storage. */
function resourcesOf(prefix: string): string {
  const [limits, requests] = [`variables.${prefix}Limits`, `variables.${prefix}Lowered`];
  return `{'requests': ${amountMap(prefix, 'Request', `(variables.guaranteed ? ${limits} : ${requests})`)},
'limits': ${amountMap(prefix, 'Limit', limits)}}`;
}

/** Of names and amounts as the parameters have them; none below zero. */
const pattern = String.raw`^([^=,]+=([0-9]+[.]?[0-9]*|[.][0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?(,|$))*$`;

/** That the parameters' amounts are quantities. */
export const validResources = `${parameter('requests')}.matches('${pattern}') && ${parameter('limits')}.matches('${pattern}')`;

function amounts(key: 'requests' | 'limits'): string {
  return `string(${parameter(key)}).split(',').filter(item, item != '')
  .transformMapEntry(index, item, {item.split('=')[0]: item.split('=')[1]})`;
}
