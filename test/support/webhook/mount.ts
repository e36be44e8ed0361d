import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that changes as the kubelet changes a mounted Secret or ConfigMap (pkg/volume/util/atomic_writer.go). */
export interface Mount {
  readonly folder: string;
  /** Swaps all files at once. */
  readonly update: (files: Readonly<Record<string, string>>) => Promise<void>;
  readonly remove: () => Promise<void>;
}

export async function makeMount(files: Readonly<Record<string, string>>): Promise<Mount> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-mount-'));
  let generation = 0;
  const update = async (content: Readonly<Record<string, string>>): Promise<void> => {
    const before = `..${generation}`;
    generation += 1;
    const name = `..${generation}`;
    await mkdir(join(folder, name));
    for (const [file, text] of Object.entries(content)) await writeFile(join(folder, name, file), text);
    await symlink(name, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await rm(join(folder, before), { recursive: true, force: true });
  };
  await update(files);
  for (const file of Object.keys(files)) await symlink(join('..data', file), join(folder, file));
  return { folder, update, remove: async () => rm(folder, { recursive: true }) };
}
