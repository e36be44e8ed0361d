import { dirname, join } from 'node:path';
import { componentKubeconfig, pkiFolder } from './controlPlane.ts';
import type { Programs } from './goBuild.ts';
import type { ContainerdModule, cni, kubernetes, runc } from './goModules.ts';
import { nodeAddress, nodeName, podRange } from './machine.ts';
import type { ClusterHandle } from './paths.ts';
import type { Snapshotter } from './snapshotter.ts';
import { type NodeVersions, usualVersions } from './versions.ts';

/** Programs of a node by module. */
export interface NodePrograms {
  readonly kubernetes: Programs<typeof kubernetes>;
  readonly containerd: Programs<ContainerdModule>;
  readonly runc: Programs<typeof runc>;
  readonly cni: Programs<typeof cni>;
}

export const pauseImage = 'localhost/packet-capture-pause:1';

const file = (handle: ClusterHandle, name: string): string => join(handle.stateDir, name);
const cniFolder = (handle: ClusterHandle): string => join(handle.stateDir, 'cni');

/** Command lines of the node's own components, in the order of their start. */
export function nodeComponents(handle: ClusterHandle, programs: NodePrograms): Readonly<Record<string, string[]>> {
  return {
    containerd: [programs.containerd.containerd, `--config=${file(handle, 'containerd.toml')}`],
    kubelet: [
      programs.kubernetes.kubelet,
      `--config=${file(handle, 'kubelet.json')}`,
      `--kubeconfig=${componentKubeconfig(handle, 'kubelet')}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${nodeAddress}`,
      `--root-dir=${file(handle, 'kubelet')}`,
      `--cert-dir=${pkiFolder(handle)}`,
    ],
    'kube-proxy': [programs.kubernetes['kube-proxy'], `--config=${file(handle, 'kube-proxy.json')}`],
  };
}

/** Path -> text of the configuration files of containerd, the CNI plugins, kubelet and kube-proxy. */
export function nodeFiles(
  handle: ClusterHandle,
  programs: NodePrograms,
  snapshotter: Snapshotter,
  versions: NodeVersions = usualVersions,
): ReadonlyMap<string, string> {
  const containerdText = versions.containerd === '2' ? containerdConfig : containerd17Config;
  return new Map([
    [file(handle, 'containerd.toml'), containerdText(handle, programs, snapshotter)],
    [join(cniFolder(handle), '10-node.conflist'), json(cniConfig(handle))],
    [file(handle, 'kubelet.json'), json(kubeletConfig(handle))],
    [file(handle, 'kube-proxy.json'), json(kubeProxyConfig(handle, versions.kubernetes))],
  ]);
}

/** What both versions of containerd's configuration have: folders and sockets. */
function containerdBasics(handle: ClusterHandle): string {
  const text = JSON.stringify;
  return `root = ${text(file(handle, 'containerd'))}
state = ${text(file(handle, 'containerd-state'))}
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt"]

[grpc]
address = ${text(handle.containerdSocket)}

[ttrpc]
address = ${text(`${handle.containerdSocket}.ttrpc`)}
`;
}

function containerdConfig(handle: ClusterHandle, programs: NodePrograms, snapshotter: Snapshotter): string {
  const text = JSON.stringify;
  const images = `plugins."io.containerd.cri.v1.images"`;
  const runtime = `plugins."io.containerd.cri.v1.runtime"`;
  return `version = 3
${containerdBasics(handle)}
[${images}]
snapshotter = ${text(snapshotter)}

[${images}.pinned_images]
sandbox = ${text(pauseImage)}

[${runtime}]
# runc cannot lower oom_score_adj where CAP_SYS_RESOURCE is missing.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[${runtime}.cni]
bin_dirs = [${text(dirname(programs.cni.ptp))}]
conf_dir = ${text(cniFolder(handle))}

[${runtime}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[${runtime}.containerd.runtimes.runc.options]
BinaryName = ${text(programs.runc.runc)}
SystemdCgroup = false
`;
}

/** The same for containerd 1.7: version 2 of its configuration has one plugin for images and containers. */
function containerd17Config(handle: ClusterHandle, programs: NodePrograms, snapshotter: Snapshotter): string {
  const text = JSON.stringify;
  const cri = `plugins."io.containerd.grpc.v1.cri"`;
  return `version = 2
${containerdBasics(handle)}
[${cri}]
sandbox_image = ${text(pauseImage)}
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[${cri}.cni]
bin_dir = ${text(dirname(programs.cni.ptp))}
conf_dir = ${text(cniFolder(handle))}

[${cri}.containerd]
snapshotter = ${text(snapshotter)}

[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[${cri}.containerd.runtimes.runc.options]
BinaryName = ${text(programs.runc.runc)}
SystemdCgroup = false
`;
}

/**
 * Every pod hangs on the node by a point-to-point link, not on a bridge: packets between two pods are then routed, and
 * ClusterIPs work between them without br_netfilter.
 */
function cniConfig(handle: ClusterHandle): object {
  return {
    cniVersion: '1.0.0',
    name: 'node',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: file(handle, 'cni-addresses'),
          ranges: [[{ subnet: podRange }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}

function kubeletConfig(handle: ClusterHandle): object {
  const pki = (name: string): string => join(pkiFolder(handle), name);
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki('kubelet.crt'),
    tlsPrivateKeyFile: pki('kubelet.key'),
    containerRuntimeEndpoint: `unix://${handle.containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${handle.cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    // The pods' addresses are a /24; the default is 110.
    maxPods: 250,
    resolvConf: '',
    podLogsDir: file(handle, 'pod-logs'),
    volumePluginDir: file(handle, 'volume-plugins'),
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    // Images come from `load` alone: none that is not used at the moment may be thrown away.
    imageGCHighThresholdPercent: 100,
    // Ready soon after the start; the default spares clusters of thousands of nodes.
    nodeStatusUpdateFrequency: '2s',
  };
}

function kubeProxyConfig(handle: ClusterHandle, minor: number): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: componentKubeconfig(handle, 'kube-proxy') },
    hostnameOverride: nodeName,
    clusterCIDR: podRange,
    mode: 'nftables',
    // Of quality alpha, and so switched off, before 1.31.
    ...(minor < 31 ? { featureGates: { NFTablesProxyMode: true } } : {}),
    // These would set sysctls of the whole host.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
