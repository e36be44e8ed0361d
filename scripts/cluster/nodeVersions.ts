import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterHandle } from './paths.ts';
import { type NodeVersions, usualVersions } from './versions.ts';

const versionsFile = ({ stateDir }: ClusterHandle): string => join(stateDir, 'versions.json');

/** What the node is made of; undefined where no node of this name was made. */
export async function recordedVersions(handle: ClusterHandle): Promise<NodeVersions | undefined> {
  const text = await readFile(versionsFile(handle), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as NodeVersions);
}

/** The same, and the usual versions where no node was made. */
export async function versionsOf(handle: ClusterHandle): Promise<NodeVersions> {
  return (await recordedVersions(handle)) ?? usualVersions;
}

/** Records what a node is made of, in its folder. */
export async function recordVersions(handle: ClusterHandle, versions: NodeVersions): Promise<void> {
  await writeFile(versionsFile(handle), `${JSON.stringify(versions)}\n`);
}
