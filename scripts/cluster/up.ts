import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codedError } from '../../src/errors.ts';
import { type Component, isAlive, lastLines, logFile, startComponent, systemPath } from './components.ts';
import { componentKubeconfig, controlPlane, kubeconfig, pkiFolder } from './controlPlane.ts';
import { ensureNodeImage, loadImage } from './images.ts';
import { checkFolders, createMachine, hasNetns, inMachine, machine } from './machine.ts';
import { type NodePrograms, nodeComponents, nodeFiles, pauseImage } from './nodeConfig.ts';
import { recordVersions, versionsOf } from './nodeVersions.ts';
import { type ClusterHandle, clusterHandle } from './paths.ts';
import { createPki, writePki } from './pki.ts';
import { pollUntil } from './poll.ts';
import type { Progress } from './progress.ts';
import { apiServerIsReady, containerdIsReady, kubeProxyIsReady, nodeIsReady } from './readiness.ts';
import { snapshotterFor } from './snapshotter.ts';
import { removeAll, withClusterLock } from './teardown.ts';
import { ensureTools } from './tools.ts';
import { formatVersions, type NodeVersions } from './versions.ts';

export interface UpOptions {
  readonly name: string;
  readonly onProgress: Progress;
  /** What the node is made of; unless told that of the node that is there, else the usual versions. */
  readonly versions?: Partial<NodeVersions>;
}

/**
 * Brings the node up, or what is missing of it, and returns once it takes pods. A node whose first process is gone is
 * made anew; a single component that died is started again and the pods live on.
 * @throws USAGE for versions that are not known, or that are not those of the node that is there; REQUIREMENT_MISSING
 * when the machine lacks something; CLUSTER_FAILED with the last lines of the log of what
 * failed.
 */
export async function upCluster({ name, onProgress, versions: asked = {} }: UpOptions): Promise<ClusterHandle> {
  const handle = clusterHandle(name);
  checkFolders(handle);
  const versions = { ...(await versionsOf(handle)), ...asked };
  // Before anything is built for it.
  if (await isWhole(handle)) await checkVersions(handle, versions);
  const programs = await ensureTools(onProgress, versions);
  const pause = await ensureNodeImage('pause', pauseImage, onProgress);
  return withClusterLock(handle, onProgress, async () => {
    if (await isWhole(handle)) await checkVersions(handle, versions);
    else await startAnew(handle, programs, versions, onProgress);
    await startComponents(handle, programs, pause, onProgress);
    return handle;
  });
}

/** A node that this file made to the end of {@link startAnew} and whose machine still exists. */
async function isWhole(handle: ClusterHandle): Promise<boolean> {
  const written = await access(handle.kubeconfig).then(
    () => true,
    () => false,
  );
  return written && (await hasNetns(handle.netns)) && (await isAlive(handle, machine));
}

/** @throws USAGE when the node that is there is made of something else. */
async function checkVersions(handle: ClusterHandle, wanted: NodeVersions): Promise<void> {
  const [is, asked] = [formatVersions(await versionsOf(handle)), formatVersions(wanted)];
  if (is === asked) return;
  throw codedError('USAGE', `node ${handle.name} is up with ${is}, not with ${asked}`, {
    hint: 'Take it down first, or give the new one another name.',
  });
}

async function startAnew(
  handle: ClusterHandle,
  programs: NodePrograms,
  versions: NodeVersions,
  progress: Progress,
): Promise<void> {
  await removeAll(handle);
  await rm(handle.logDir, { recursive: true, force: true });
  await createMachine(handle);
  progress(`network namespace ${handle.netns} made; logs in ${handle.logDir}`);
  for (const [path, text] of nodeFiles(handle, programs, await snapshotterFor(handle), versions)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  await recordVersions(handle, versions);
  const pki = await createPki();
  await writePki(pki, pkiFolder(handle));
  const write = (path: string, identity: keyof typeof pki.certificates): Promise<void> =>
    writeFile(
      path,
      `${JSON.stringify(kubeconfig(`packet-capture-${handle.name}`, pki.ca.certificate, pki.certificates[identity]), null, 2)}\n`,
      { mode: 0o600 },
    );
  for (const identity of ['controller-manager', 'scheduler', 'kubelet', 'kube-proxy'] as const) {
    await write(componentKubeconfig(handle, identity), identity);
  }
  // Last, and whole: its presence says that all the rest is there.
  await write(`${handle.kubeconfig}.unfinished`, 'admin');
  await rename(`${handle.kubeconfig}.unfinished`, handle.kubeconfig);
}

async function startComponents(
  handle: ClusterHandle,
  programs: NodePrograms,
  pause: string,
  progress: Progress,
): Promise<void> {
  const start = (names: readonly string[]): Promise<void> => startMissing(handle, programs, names);
  await start(['etcd', 'containerd', 'kube-apiserver']);
  await waitFor(handle, progress, 'containerd', ['containerd'], () => containerdIsReady(handle, programs));
  await loadImage(handle, pause, progress);
  await waitFor(handle, progress, 'kube-apiserver', ['etcd', 'kube-apiserver'], () => apiServerIsReady(handle));
  await start(['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy']);
  await waitFor(handle, progress, 'kube-proxy', ['kube-proxy'], () => kubeProxyIsReady(handle));
  await waitFor(handle, progress, 'node', componentNames, () => nodeIsReady(handle));
}

export const componentNames: readonly string[] = [
  'etcd',
  'containerd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
];

/** The component of that name; its program has the same name. */
export function component(name: string): Component {
  return { name, program: name };
}

async function startMissing(handle: ClusterHandle, programs: NodePrograms, names: readonly string[]): Promise<void> {
  const commandLines = { ...controlPlane(handle, programs.kubernetes), ...nodeComponents(handle, programs) };
  // containerd looks for the shim beside itself and on the PATH.
  const env = { PATH: `${dirname(programs.containerd.containerd)}:${systemPath}` };
  await Promise.all(
    names.map(async (name) => {
      if (await isAlive(handle, component(name))) return;
      await startComponent(handle, component(name), await inMachine(handle, commandLines[name] ?? []), env);
    }),
  );
}

/** Waits until `isReady`; stops at once when one of the components has died. */
async function waitFor(
  handle: ClusterHandle,
  progress: Progress,
  what: string,
  names: readonly string[],
  isReady: () => Promise<boolean>,
): Promise<void> {
  let dead: string | undefined;
  const ended = await pollUntil(
    async () => {
      if (await isReady()) return true;
      const alive = await Promise.all(names.map((name) => isAlive(handle, component(name))));
      dead = names[alive.indexOf(false)];
      return dead !== undefined;
    },
    { everyMs: 200, timeoutMs: 90_000 },
  );
  if (ended && dead === undefined) return progress(`${what} ready`);
  const shown = dead === undefined ? names : [dead];
  const logs = await Promise.all(
    shown.map(async (name) => [
      `  ${logFile(handle, component(name))}:`,
      ...(await lastLines(handle, component(name))).map((line) => `    ${line}`),
    ]),
  );
  const failure = dead === undefined ? `${what} is not ready after 90 s` : `${dead} ended`;
  throw codedError('CLUSTER_FAILED', [failure, ...logs.flat()].join('\n'), { where: handle.logDir });
}
