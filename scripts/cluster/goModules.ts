import { createHash } from 'node:crypto';
import { codedError } from '../../src/errors.ts';
import {
  type ContainerdSeries,
  type NodeVersions,
  knownKubernetes,
  newestKubernetes,
  olderKubernetes,
} from './versions.ts';

/** A Go module of this folder's `go/` and the programs that are built from it. */
export interface GoModule {
  /** Folder below `go/` with go.mod and go.sum. */
  readonly folder: string;
  /** For people: what it is and its version. */
  readonly title: string;
  /** Name of the program -> Go package. */
  readonly programs: Readonly<Record<string, string>>;
  /** Arguments of `-ldflags -X`: variables set at link time. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  readonly cgo?: boolean;
}

const kubernetesVersion = `v1.${newestKubernetes.minor}.${newestKubernetes.patch}` as const;
const containerdVersion = 'v2.4.2';

export const kubernetes = {
  folder: 'kubernetes',
  title: `Kubernetes ${kubernetesVersion}`,
  // Programs whose compilation shares most with the others come first, so that the long step is one and the same.
  programs: {
    kubectl: 'k8s.io/kubernetes/cmd/kubectl',
    'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
    'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
    kubelet: 'k8s.io/kubernetes/cmd/kubelet',
    'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
    etcd: 'go.etcd.io/etcd/server/v3',
  },
  variables: {
    'k8s.io/component-base/version.gitVersion': kubernetesVersion,
    'k8s.io/component-base/version.gitMajor': kubernetesVersion.slice(1).split('.')[0] ?? '',
    'k8s.io/component-base/version.gitMinor': kubernetesVersion.split('.')[1] ?? '',
  },
} as const satisfies GoModule;

/** The version of Kubernetes that is the minor version `minor`. @throws USAGE for one that is not in the table. */
export function kubernetesOf(minor: number): KubernetesModule {
  if (minor === newestKubernetes.minor) return kubernetes;
  const patch = olderKubernetes[minor];
  if (patch === undefined) {
    throw codedError('USAGE', `there is no node of Kubernetes 1.${minor}`, { hint: knownKubernetes() });
  }
  const version = `v1.${minor}.${patch}`;
  // etcd is that of the newest version: the API server speaks the same protocol to it since Kubernetes 1.6.
  const { etcd: _, ...programs } = kubernetes.programs;
  return {
    folder: `kubernetes-1.${minor}`,
    title: `Kubernetes ${version}`,
    programs,
    variables: {
      'k8s.io/component-base/version.gitVersion': version,
      'k8s.io/component-base/version.gitMajor': '1',
      'k8s.io/component-base/version.gitMinor': String(minor),
    },
  };
}

/** The programs of Kubernetes itself. */
export interface KubernetesModule extends GoModule {
  readonly programs: Readonly<Record<Exclude<keyof (typeof kubernetes)['programs'], 'etcd'>, string>>;
  readonly variables: Readonly<Record<keyof (typeof kubernetes)['variables'], string>>;
}

export const containerd = {
  folder: 'containerd',
  title: `containerd ${containerdVersion}`,
  programs: {
    containerd: 'github.com/containerd/containerd/v2/cmd/containerd',
    'containerd-shim-runc-v2': 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
    ctr: 'github.com/containerd/containerd/v2/cmd/ctr',
  },
  variables: { 'github.com/containerd/containerd/v2/version.Version': containerdVersion },
  tags: ['no_btrfs', 'no_devmapper', 'no_zfs'],
} as const satisfies GoModule;

const containerd17Version = 'v1.7.35';

/** The series before: what clusters ran until Kubernetes 1.36. */
const containerd17 = {
  folder: 'containerd-1.7',
  title: `containerd ${containerd17Version}`,
  programs: {
    containerd: 'github.com/containerd/containerd/cmd/containerd',
    'containerd-shim-runc-v2': 'github.com/containerd/containerd/cmd/containerd-shim-runc-v2',
    ctr: 'github.com/containerd/containerd/cmd/ctr',
  },
  variables: { 'github.com/containerd/containerd/version.Version': containerd17Version },
  tags: containerd.tags,
} as const satisfies GoModule;

/** The programs of containerd, of any series. */
export interface ContainerdModule extends GoModule {
  readonly programs: Readonly<Record<keyof (typeof containerd)['programs'], string>>;
}

export function containerdOf(series: ContainerdSeries): ContainerdModule {
  return series === '2' ? containerd : containerd17;
}

export const runc = {
  folder: 'runc',
  title: 'runc',
  programs: { runc: 'github.com/opencontainers/runc' },
  tags: ['seccomp'],
  cgo: true,
} as const satisfies GoModule;

export const cni = {
  folder: 'cni',
  title: 'CNI plugins',
  programs: {
    ptp: 'github.com/containernetworking/plugins/plugins/main/ptp',
    loopback: 'github.com/containernetworking/plugins/plugins/main/loopback',
    'host-local': 'github.com/containernetworking/plugins/plugins/ipam/host-local',
  },
} as const satisfies GoModule;

export const helm4 = {
  folder: 'helm4',
  title: 'helm v4.3.1',
  programs: { helm: 'helm.sh/helm/v4/cmd/helm' },
  variables: { 'helm.sh/helm/v4/internal/version.version': 'v4.3.1' },
} as const satisfies GoModule;

export const helm3 = {
  folder: 'helm3',
  title: 'helm v3.22.0',
  programs: { helm: 'helm.sh/helm/v3/cmd/helm' },
  variables: { 'helm.sh/helm/v3/internal/version.version': 'v3.22.0' },
} as const satisfies GoModule;

export const versitygw = {
  folder: 'versitygw',
  title: 'versitygw v1.8.0',
  programs: { versitygw: 'github.com/versity/versitygw/cmd/versitygw' },
} as const satisfies GoModule;

/** The newest version whose module has its user interface; later ones have it in their releases only. */
export const alertmanager = {
  folder: 'alertmanager',
  title: 'Alertmanager v0.31.1',
  programs: { alertmanager: 'github.com/prometheus/alertmanager/cmd/alertmanager' },
} as const satisfies GoModule;

export const krew = {
  folder: 'krew',
  title: 'krew v0.4.3',
  programs: { 'kubectl-krew': 'sigs.k8s.io/krew/cmd/krew' },
} as const satisfies GoModule;

/** An OCI registry whose images are files of a folder. */
export const registry = {
  folder: 'registry',
  title: 'distribution v3.1.2',
  programs: { registry: 'github.com/distribution/distribution/v3/cmd/registry' },
} as const satisfies GoModule;

/** Copies, pushes and looks at what a registry has. */
export const crane = {
  folder: 'crane',
  title: 'crane v0.22.1',
  programs: { crane: 'github.com/google/go-containerregistry/cmd/crane' },
} as const satisfies GoModule;

/** Signs what a registry has, and verifies signatures. */
export const cosign = {
  folder: 'cosign',
  title: 'cosign v3.1.3',
  programs: { cosign: 'github.com/sigstore/cosign/v3/cmd/cosign' },
} as const satisfies GoModule;

/** Validates objects against JSON schemas. */
export const kubeconform = {
  folder: 'kubeconform',
  title: 'kubeconform v0.8.0',
  programs: { kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform' },
} as const satisfies GoModule;

/** A linter of Kubernetes objects. */
export const kubeScore = {
  folder: 'kube-score',
  title: 'kube-score v1.20.0',
  programs: { 'kube-score': 'github.com/zegl/kube-score/cmd/kube-score' },
} as const satisfies GoModule;

/** The two controllers of Flux that fetch and apply manifests. */
export const flux = {
  folder: 'flux',
  title: 'Flux v1.9.6 (source-controller, kustomize-controller)',
  programs: {
    'source-controller': 'github.com/fluxcd/source-controller',
    'kustomize-controller': 'github.com/fluxcd/kustomize-controller',
  },
} as const satisfies GoModule;

/** Lists what an image is made of. */
export const syft = {
  folder: 'syft',
  title: 'syft v1.57.1',
  programs: { syft: 'github.com/anchore/syft/cmd/syft' },
  variables: { 'main.version': '1.57.1' },
} as const satisfies GoModule;

/** Looks for known vulnerabilities in such a list. */
export const grype = {
  folder: 'grype',
  title: 'grype v0.121.2',
  programs: { grype: 'github.com/anchore/grype/cmd/grype' },
  variables: { 'main.version': '0.121.2' },
} as const satisfies GoModule;

/** Looks for known vulnerabilities in programs of Go; its go.mod also names the module that has the database. */
export const govulncheck = {
  folder: 'govulncheck',
  title: 'govulncheck v1.9.0',
  programs: { govulncheck: 'golang.org/x/vuln/cmd/govulncheck' },
} as const satisfies GoModule;

/**
 * What a node of these versions is made of. The newest Kubernetes is a part of each, for its etcd.
 * @throws USAGE for a version that is not in the table.
 */
export function nodeModules(versions: NodeVersions): readonly GoModule[] {
  const older = versions.kubernetes === newestKubernetes.minor ? [] : [kubernetesOf(versions.kubernetes)];
  return [kubernetes, ...older, containerdOf(versions.containerd), runc, cni];
}

/** Arguments of `go` that build one program to the file `output`; the module's folder is the working directory. */
export function buildArguments(module: GoModule, goPackage: string, output: string): string[] {
  const variables = Object.entries(module.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  return [
    'build',
    '-trimpath',
    '-buildvcs=false',
    '-mod=readonly',
    ...(module.tags === undefined ? [] : ['-tags', module.tags.join(' ')]),
    '-ldflags',
    ['-s', '-w', ...variables].join(' '),
    '-o',
    output,
    goPackage,
  ];
}

/** Environment of a build: nothing of the user's own Go settings may change the result. */
export function buildEnvironment(module: GoModule): Record<string, string> {
  return { CGO_ENABLED: module.cgo === true ? '1' : '0', GOFLAGS: '', GOWORK: 'off' };
}

/**
 * Names the cache folder of a module: it changes with anything that could change a program.
 * @param goMod text of go.mod
 * @param goSum text of go.sum
 */
export function cacheKey(module: GoModule, goMod: string, goSum: string, arch: string): string {
  const recipe = JSON.stringify([buildArguments(module, '', ''), buildEnvironment(module), module.programs, arch]);
  const hash = createHash('sha256').update(goMod).update('\0').update(goSum).update('\0').update(recipe).digest('hex');
  return `${module.folder}-${hash.slice(0, 16)}`;
}

/** The version of Go that a go.mod asks for: `1.26.6`. */
export function goDirective(goMod: string): string {
  return /^go (\S+)$/m.exec(goMod)?.[1] ?? '0';
}
