import { hasEnded, isTerminating } from '../../kubernetes/api/pods.ts';
import type { Metadata } from '../../kubernetes/api/types.ts';
import { fieldsOf, itemsOf, textOf, textsOf, type Fields } from '../../typed.ts';
import type { AddressOwner } from './addressBook.ts';

/** An object of the API, as far as its names and addresses need it. */
export interface NamedObject {
  readonly metadata: Metadata;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [member: string]: unknown;
}

/** What the API server's addresses are called. */
export const apiServerName = 'kubernetes.default.svc';

const mostAddresses = 100;
const longestAddress = 64;
/** Nanoseconds by which the kubelet is late, at most, when it reports that a pod has its address. */
const reportedWithin = 2_000_000_000n;
/** Nanoseconds for which a machine uses its address before it joins the cluster. */
const beforeJoining = 300_000_000_000n;

/**
 * A pod as the owner of its addresses: `shop/web-1`. Undefined for one that has none of its own: it uses its node's
 * (`hostNetwork`), it has none yet, or its containers have ended. Pure.
 */
export function podOwner(pod: NamedObject): AddressOwner | undefined {
  const { metadata, spec, status } = pod;
  const state = fieldsOf(status);
  const addresses = addressesOf(state, 'podIPs', 'podIP');
  if (fieldsOf(spec)['hostNetwork'] === true || addresses.length === 0) return undefined;
  if (hasEnded({ status: { phase: textOf(state['phase']) ?? '' } })) return undefined;
  if (isTerminating({ metadata: deletionOf(metadata) }) && haveContainersEnded(state)) return undefined;
  return {
    id: podId(pod),
    kind: 'pod',
    name: `${metadata.namespace ?? 'default'}/${metadata.name}`,
    addresses,
    since: addressSince(metadata, state),
  };
}

/** The same for all versions of a pod, and another for its successor of the same name. */
export function podId({ metadata: { uid, namespace = 'default', name } }: Pick<NamedObject, 'metadata'>): string {
  return uid ?? `${namespace}/${name}`;
}

/**
 * The node of a pod, as the pod has it: for users who may not list nodes. Undefined while the pod has no node. Pure.
 */
export function nodeOfPod({ spec, status }: NamedObject): AddressOwner | undefined {
  const name = textOf(fieldsOf(spec)['nodeName']);
  const addresses = addressesOf(fieldsOf(status), 'hostIPs', 'hostIP');
  if (name === undefined || name === '' || addresses.length === 0) return undefined;
  return { id: `of a pod: ${name}`, kind: 'node', name: `node/${name}`, addresses, since: 0n };
}

/** A node: `node/NAME`. Undefined when it has no address. Pure. */
export function nodeOwner({ metadata, status }: NamedObject): AddressOwner | undefined {
  const addresses = itemsOf(fieldsOf(status)['addresses'], mostAddresses).flatMap((item) => {
    const { type, address } = fieldsOf(item);
    return type === 'InternalIP' || type === 'ExternalIP' ? (textOf(address, longestAddress) ?? []) : [];
  });
  if (addresses.length === 0) return undefined;
  const { name, uid = name, creationTimestamp } = metadata;
  return { id: uid, kind: 'node', name: `node/${name}`, addresses, since: timeOf(creationTimestamp) - beforeJoining };
}

/** A Service with its ClusterIPs: `shop/web.svc`. Undefined for one that has none, such as a headless one. Pure. */
export function serviceOwner({ metadata, spec }: NamedObject): AddressOwner | undefined {
  const { clusterIP, clusterIPs } = fieldsOf(spec);
  const listed = textsOf(clusterIPs, mostAddresses, longestAddress);
  const addresses = (listed.length > 0 ? listed : textsOf([clusterIP], 1, longestAddress)).filter(
    (address) => address !== '' && address !== 'None',
  );
  if (addresses.length === 0) return undefined;
  const { name, namespace = 'default', uid = `${namespace}/${name}`, creationTimestamp } = metadata;
  const full = namespace === 'default' && name === 'kubernetes' ? apiServerName : `${namespace}/${name}.svc`;
  return { id: uid, kind: 'service', name: full, addresses, since: timeOf(creationTimestamp) };
}

/** The API server's own addresses, of an EndpointSlice of the Service `kubernetes`. Pure. */
export function apiServerOwner({ metadata, ['endpoints']: endpoints }: NamedObject): AddressOwner | undefined {
  const addresses = itemsOf(endpoints, mostAddresses).flatMap((item) =>
    textsOf(fieldsOf(item)['addresses'], mostAddresses, longestAddress),
  );
  if (addresses.length === 0) return undefined;
  return { id: metadata.uid ?? metadata.name, kind: 'service', name: apiServerName, addresses, since: 0n };
}

/** The list `podIPs` with both families, or the field that is older than it. */
function addressesOf(status: Fields, list: string, single: string): string[] {
  const listed = itemsOf(status[list], mostAddresses).flatMap(
    (item) => textOf(fieldsOf(item)['ip'], longestAddress) ?? [],
  );
  const all = listed.length > 0 ? listed : textsOf([status[single]], 1, longestAddress);
  return all.filter((address) => address !== '');
}

/**
 * Since when a pod has its addresses: the kubelet accepts the pod, gives it a network, and reports that. The API has
 * whole seconds, cut off.
 */
function addressSince({ creationTimestamp }: Metadata, status: Fields): bigint {
  const accepted = timeOf(textOf(status['startTime']) ?? creationTimestamp);
  const ready = timeOf(networkReadySince(status)) - reportedWithin;
  return ready > accepted ? ready : accepted;
}

/** When the kubelet saw the pod's network ready; since Kubernetes 1.29. */
function networkReadySince(status: Fields): string | undefined {
  const ready = itemsOf(status['conditions'], mostAddresses)
    .map(fieldsOf)
    .find(({ type, status: value }) => type === 'PodReadyToStartContainers' && value === 'True');
  return textOf(ready?.['lastTransitionTime']);
}

/** All containers of a pod that is being deleted have ended: the kubelet releases its addresses next. */
function haveContainersEnded(status: Fields): boolean {
  const containers = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'].flatMap((list) =>
    itemsOf(status[list], mostAddresses),
  );
  return (
    containers.length > 0 && containers.every((item) => fieldsOf(fieldsOf(item)['state'])['terminated'] !== undefined)
  );
}

function deletionOf({ deletionTimestamp }: Metadata): { readonly deletionTimestamp?: string } {
  return deletionTimestamp === undefined ? {} : { deletionTimestamp };
}

/** Nanoseconds since 1970; 0 when it is not known. */
function timeOf(text: string | undefined): bigint {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? 0n : BigInt(time) * 1_000_000n;
}
