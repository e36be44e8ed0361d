import { mkdir, statfs } from 'node:fs/promises';
import type { ClusterHandle } from './paths.ts';

/** statfs(2): the type of an overlay file system, which is what a container's own files lie on. */
const overlayType = 0x794c7630;

/** containerd's way to keep image layers: overlays, or copies where an overlay would lie on an overlay. */
export type Snapshotter = 'overlayfs' | 'native';

export async function snapshotterFor({ stateDir }: ClusterHandle): Promise<Snapshotter> {
  await mkdir(stateDir, { recursive: true });
  return (await statfs(stateDir)).type === overlayType ? 'native' : 'overlayfs';
}
