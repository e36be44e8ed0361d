import { join } from 'node:path';
import { type Programs, checkGoFor, ensureGoModules, moduleFolder, programPaths, unbuilt } from './goBuild.ts';
import {
  alertmanager,
  cni,
  containerdOf,
  cosign,
  crane,
  flux,
  govulncheck,
  grype,
  helm3,
  helm4,
  krew,
  kubeconform,
  kubernetes,
  kubernetesOf,
  kubeScore,
  nodeModules,
  registry,
  runc,
  syft,
  versitygw,
} from './goModules.ts';
import type { NodePrograms } from './nodeConfig.ts';
import type { Progress } from './progress.ts';
import { buildPackages, capturePackages, checkMachine, ensurePackages, nodePackages } from './requirements.ts';
import { type NodeVersions, usualVersions } from './versions.ts';

/**
 * Sees to it that everything a node is made of is on this machine: Debian packages, Kubernetes, containerd.
 * Seconds when it is; about a quarter of an hour on two idle cores when nothing is.
 * @throws USAGE for a version that is not in the table; REQUIREMENT_MISSING, one line, before any work when something
 * is out of reach; CLUSTER_FAILED later.
 */
export async function ensureTools(progress: Progress, versions: NodeVersions = usualVersions): Promise<NodePrograms> {
  const modules = nodeModules(versions);
  await checkMachine();
  const wanted = await unbuilt(modules);
  await checkGoFor(wanted);
  await ensurePackages([...nodePackages, ...capturePackages, ...(wanted.length === 0 ? [] : buildPackages)], progress);
  await ensureGoModules(modules, progress);
  return nodePrograms(versions);
}

/** Where the programs of a node are once {@link ensureTools} has been there. */
export async function nodePrograms(versions: NodeVersions = usualVersions): Promise<NodePrograms> {
  return {
    kubernetes: { ...(await programPaths(kubernetes)), ...(await programPaths(kubernetesOf(versions.kubernetes))) },
    containerd: await programPaths(containerdOf(versions.containerd)),
    runc: await programPaths(runc),
    cni: await programPaths(cni),
  };
}

/**
 * The path of helm 3 or 4, built from source if the cache lacks it (two minutes on two cores).
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureHelm(major: 3 | 4, progress: Progress): Promise<string> {
  const module = major === 3 ? helm3 : helm4;
  await ensureGoModules([module], progress);
  return (await programPaths(module)).helm;
}

/**
 * The path of the kubectl of a minor version, built from source if the cache lacks it (two minutes on two cores).
 * @throws USAGE for a version that is not in the table; REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the
 * build fails.
 */
export async function ensureKubectl(minor: number, progress: Progress): Promise<string> {
  const module = kubernetesOf(minor);
  await ensureGoModules([module], progress, ['kubectl']);
  return (await programPaths(module)).kubectl;
}

/**
 * The path of versitygw, an S3 server that keeps objects as files, built from source if the cache lacks it.
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureBucketServer(progress: Progress): Promise<string> {
  await ensureGoModules([versitygw], progress);
  return (await programPaths(versitygw)).versitygw;
}

/**
 * The path of Prometheus's Alertmanager, built from source if the cache lacks it.
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureAlertmanager(progress: Progress): Promise<string> {
  await ensureGoModules([alertmanager], progress);
  return (await programPaths(alertmanager)).alertmanager;
}

/**
 * The path of krew, which installs plugins of kubectl, built from source if the cache lacks it.
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureKrew(progress: Progress): Promise<string> {
  await ensureGoModules([krew], progress);
  return (await programPaths(krew))['kubectl-krew'];
}

/**
 * The path of distribution's registry, built from source if the cache lacks it (a minute on two cores).
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureRegistry(progress: Progress): Promise<string> {
  await ensureGoModules([registry], progress);
  return (await programPaths(registry)).registry;
}

/**
 * The path of crane, which copies, pushes and looks at images, built from source if the cache lacks it.
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureCrane(progress: Progress): Promise<string> {
  await ensureGoModules([crane], progress);
  return (await programPaths(crane)).crane;
}

/**
 * The path of cosign, which signs images and charts, built from source if the cache lacks it (four minutes on two
 * cores).
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureCosign(progress: Progress): Promise<string> {
  await ensureGoModules([cosign], progress);
  return (await programPaths(cosign)).cosign;
}

/**
 * The path of kubeconform, which validates objects against JSON schemas, built from source if the cache lacks it.
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureKubeconform(progress: Progress): Promise<string> {
  await ensureGoModules([kubeconform], progress);
  return (await programPaths(kubeconform)).kubeconform;
}

/**
 * The path of kube-score, a linter of Kubernetes objects, built from source if the cache lacks it.
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureKubeScore(progress: Progress): Promise<string> {
  await ensureGoModules([kubeScore], progress);
  return (await programPaths(kubeScore))['kube-score'];
}

/**
 * The paths of Flux's controllers, built from source if the cache lacks them.
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureFlux(progress: Progress): Promise<Programs<typeof flux>> {
  await ensureGoModules([flux], progress);
  return programPaths(flux);
}

/** The folders with the CustomResourceDefinitions of Flux's controllers, in their modules. */
export async function fluxCrdFolders(): Promise<readonly string[]> {
  const folders = await Promise.all(Object.values(flux.programs).map(async (path) => moduleFolder(flux, path)));
  return folders.map((folder) => join(folder, 'config/crd/bases'));
}

/** What looks for known vulnerabilities in programs of Go. */
export interface GoVulnerabilities {
  /** Path of the program. */
  readonly govulncheck: string;
  /** Folder of golang.org/x/vulndb: the database. */
  readonly module: string;
}

/**
 * govulncheck, built from source if the cache lacks it, and the database that its go.mod pins.
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails, or the database cannot be fetched.
 */
export async function ensureGoVulnerabilities(progress: Progress): Promise<GoVulnerabilities> {
  await ensureGoModules([govulncheck], progress);
  return { ...(await programPaths(govulncheck)), module: await moduleFolder(govulncheck, 'golang.org/x/vulndb') };
}

/** The programs that a release is made with, by name: their paths. */
export interface ReleasePrograms {
  readonly crane: string;
  readonly cosign: string;
  readonly syft: string;
  /** Unless nothing is scanned. */
  readonly grype?: string;
  readonly helm: string;
}

/**
 * The programs that a release is made with, built from source if the cache lacks them (ten minutes on two cores): their
 * modules are held against go.sum, so that nothing else has a part in a release.
 * @param scans whether known vulnerabilities are looked for
 * @throws REQUIREMENT_MISSING without a fit Go; CLUSTER_FAILED when the build fails.
 */
export async function ensureReleasePrograms(progress: Progress, scans: boolean): Promise<ReleasePrograms> {
  await ensureGoModules([syft, ...(scans ? [grype] : [])], progress);
  return {
    crane: await ensureCrane(progress),
    cosign: await ensureCosign(progress),
    syft: (await programPaths(syft)).syft,
    helm: await ensureHelm(4, progress),
    ...(scans ? { grype: (await programPaths(grype)).grype } : {}),
  };
}
