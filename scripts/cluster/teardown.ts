import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { killProcesses, removeCgroup } from './cgroups.ts';
import { withLock } from './lock.ts';
import { removeNetns } from './machine.ts';
import { type ClusterHandle, clusterHandle, stateHome } from './paths.ts';
import { type Progress, step } from './progress.ts';
import { checkMachine } from './requirements.ts';

/**
 * Takes the node down: afterwards there is no process, mount, cgroup or network namespace of it, and of its state
 * folder just the logs. Fine when it is not there, or is there by half.
 * @throws CLUSTER_FAILED when something of it cannot be removed.
 */
export async function downCluster(name: string, progress: Progress): Promise<void> {
  const handle = clusterHandle(name);
  await checkMachine();
  await withClusterLock(handle, progress, () => step(progress, `taking node ${name} down`, () => removeAll(handle)));
}

/** Runs `work` while no other process starts or stops the same node. */
export async function withClusterLock<T>(
  handle: ClusterHandle,
  progress: Progress,
  work: () => Promise<T>,
): Promise<T> {
  return withLock(join(stateHome(), `${handle.name}.lock`), `node ${handle.name}`, progress, work);
}

/**
 * All processes at once, since nothing of the node is to be kept: with the last one its mount namespace goes, and
 * with it every mount. To be called under the lock.
 */
export async function removeAll(handle: ClusterHandle): Promise<void> {
  await killProcesses(handle.cgroup);
  await removeCgroup(handle.cgroup);
  await removeNetns(handle.netns);
  await mkdir(handle.stateDir, { recursive: true });
  const entries = (await readdir(handle.stateDir)).filter((entry) => entry !== basename(handle.logDir));
  await Promise.all(
    entries.map((entry) => rm(join(handle.stateDir, entry), { recursive: true, force: true, maxRetries: 5 })),
  );
}
