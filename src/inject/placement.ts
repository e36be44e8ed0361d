import type { PodSpec } from '../kubernetes/api/types.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels of nodes that identify their platform. */
export interface NodeSign {
  readonly keys: readonly string[];
  /** The beginning of the value, in lower case; empty means any value. */
  readonly prefix: string;
  /** `NotIn` with this value means the same. */
  readonly otherwise?: string;
}

/** A platform on which a pod cannot have the sidecar, and how its pods are recognized. */
export interface Platform {
  readonly nodes: readonly NodeSign[];
  /** Labels of the pod itself, with the values that identify the platform. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly schedulers: readonly string[];
  /** Prefixes of the name of the node, if the pod names it. */
  readonly nodeNames: readonly string[];
  /** Keys of taints that only such nodes have: a pod that tolerates one by name may run there. */
  readonly tolerated: readonly string[];
}

/**
 * - Kubernetes: kubernetes.io/os, and its name before 1.14
 * - RuntimeClass of the guide to Windows containers: node.kubernetes.io/windows-build
 * - OpenShift, Rancher, AKS and GKE: their own
 */
export const windowsNodes: readonly NodeSign[] = [
  { keys: ['kubernetes.io/os', 'beta.kubernetes.io/os'], prefix: 'windows', otherwise: 'linux' },
  {
    keys: [
      'node.openshift.io/os_id',
      'cattle.io/os',
      'kubernetes.azure.com/os-sku',
      'cloud.google.com/gke-os-distribution',
    ],
    prefix: 'windows',
  },
  { keys: ['node.kubernetes.io/windows-build'], prefix: '' },
];

/** The signs of a pod that chooses Linux nodes, by the labels that the kubelet sets. */
export const linuxNodes: readonly NodeSign[] = [
  { keys: ['kubernetes.io/os', 'beta.kubernetes.io/os'], prefix: 'linux', otherwise: 'windows' },
];

/** Parts of the names of runtime classes, for example windows-2022 or runhcs-wcow-process. */
export const windowsRuntimeClasses: readonly string[] = ['windows', 'wcow'];

/** Images that no Linux node can run. A regular expression that is valid in RE2 too. */
export const windowsImage = '^mcr[.]microsoft[.]com/(windows[/:@]|dotnet/framework/)|servercore|nanoserver';

/**
 * AWS Fargate. Its scheduler leaves a pod with an added capability pending ("Pod not supported on Fargate: invalid
 * SecurityContext fields: Capabilities added", kumahq/kuma#2920, aws/aws-app-mesh-roadmap#158). EKS itself writes the
 * label and the scheduler's name into the pods of its profiles, before our webhook is called.
 */
export const fargate: Platform = {
  nodes: [{ keys: ['eks.amazonaws.com/compute-type'], prefix: 'fargate' }],
  labels: { 'eks.amazonaws.com/fargate-profile': [] },
  schedulers: ['fargate-scheduler'],
  nodeNames: ['fargate-ip-'],
  tolerated: [],
};

/**
 * Nodes of Virtual Kubelet, behind which a cloud's container service runs the pod: Azure Container Instances, Alibaba
 * ECI and ACS, Huawei CCI, Tencent Super Nodes. They wait for an init container to end, native sidecar or not, or
 * refuse downwardAPI volumes. Pods that tolerate them go there when the cluster is full.
 */
export const virtualNodes: Platform = {
  nodes: [
    { keys: ['type'], prefix: 'virtual-kubelet' },
    { keys: ['virtualization'], prefix: 'virtualnode' },
    { keys: ['node.kubernetes.io/instance-type'], prefix: 'eklet' },
  ],
  labels: {
    'alibabacloud.com/eci': ['true'],
    'alibabacloud.com/acs': ['true'],
    eci: ['true'],
    'bursting.cci.io/burst-to-cci': ['enforce', 'auto', 'localPrefer'],
    'virtual-kubelet.io/burst-to-cci': ['enforce', 'auto', 'localPrefer'],
  },
  schedulers: [],
  nodeNames: ['virtual-kubelet', 'virtual-node-', 'virtualnode'],
  tolerated: ['virtual-kubelet.io/provider', 'azure.com/aci', 'eks.tke.cloud.tencent.com/eklet'],
};

/** The platform without support for the sidecar that a pod's fields identify; undefined if none. */
export function placementReason(labels: Labels, spec: PodSpec): 'windows' | 'fargate' | 'virtual_node' | undefined {
  if (isWindows(spec)) return 'windows';
  if (runsOn(fargate, labels, spec)) return 'fargate';
  return runsOn(virtualNodes, labels, spec) ? 'virtual_node' : undefined;
}

/**
 * A toleration of a taint such as os=windows is not enough: such a pod can run on other nodes too. Other hints at
 * Windows do not count if the pod requires Linux.
 */
function isWindows(spec: PodSpec): boolean {
  const os = typeof spec.os?.name === 'string' ? spec.os.name.toLowerCase() : '';
  if (os === 'windows' || mustRunOn(spec, windowsNodes)) return true;
  return os !== 'linux' && hintsAtWindows(spec) && !mustRunOn(spec, linuxNodes);
}

function hintsAtWindows({ securityContext, runtimeClassName, containers, initContainers }: PodSpec): boolean {
  const all = [...(containers ?? []), ...(initContainers ?? [])];
  return (
    hasWindowsOptions(securityContext) ||
    (typeof runtimeClassName === 'string' && windowsRuntimeClasses.some((part) => runtimeClassName.includes(part))) ||
    all.some((container) => hasWindowsOptions(container['securityContext']) || isWindowsImage(container.image))
  );
}

function hasWindowsOptions(securityContext: unknown): boolean {
  const { windowsOptions } = fields(securityContext);
  return Object.keys(fields(windowsOptions)).length > 0;
}

const windowsImages = new RegExp(windowsImage);

function isWindowsImage(image: unknown): boolean {
  return typeof image === 'string' && windowsImages.test(image);
}

function runsOn(platform: Platform, labels: Labels, spec: PodSpec): boolean {
  const { schedulerName, nodeName, tolerations } = spec;
  for (const key in platform.labels) {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    const values = platform.labels[key] ?? [];
    if (value !== undefined && (values.length === 0 || values.includes(value))) return true;
  }
  return (
    platform.schedulers.includes(String(schedulerName)) ||
    (typeof nodeName === 'string' && platform.nodeNames.some((name) => nodeName.startsWith(name))) ||
    items(tolerations).some((toleration) => platform.tolerated.includes(String(fields(toleration)['key']))) ||
    mustRunOn(spec, platform.nodes)
  );
}

/**
 * Whether a pod can only run on these nodes: by its nodeSelector, or by every term of its required affinity, because
 * one matching term is enough for the scheduler.
 */
function mustRunOn({ nodeSelector, affinity }: PodSpec, signs: readonly NodeSign[]): boolean {
  for (const key in nodeSelector) if (signs.some((sign) => saysIn(sign, key, nodeSelector[key]))) return true;
  if (affinity == null) return false;
  const required = fields(fields(affinity)['nodeAffinity'])['requiredDuringSchedulingIgnoredDuringExecution'];
  const terms = items(fields(required)['nodeSelectorTerms']);
  return (
    terms.length > 0 && terms.every((term) => items(fields(term)['matchExpressions']).some((each) => says(signs, each)))
  );
}

function says(signs: readonly NodeSign[], expression: unknown): boolean {
  const { key, operator, values } = fields(expression);
  const list = items(values);
  if (operator === 'In')
    return list.length > 0 && list.every((value) => signs.some((sign) => saysIn(sign, key, value)));
  const sign = signs.find(({ keys }) => keys.includes(String(key)));
  if (sign === undefined) return false;
  if (operator === 'NotIn') return sign.otherwise !== undefined && list.includes(sign.otherwise);
  return operator === 'Exists' && sign.prefix === '';
}

function saysIn({ keys, prefix }: NodeSign, key: unknown, value: unknown): boolean {
  return keys.includes(String(key)) && String(value).toLowerCase().startsWith(prefix);
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
