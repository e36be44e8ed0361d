import { mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { settings as table, type SettingValues } from '../../../src/settings/index.ts';

let version = 0;
/** What is being written, by volume: one change after the other. */
const writing = new Map<string, Promise<unknown>>();

/**
 * Writes a downward-API volume as the kubelet does (pkg/volume/util/atomic_writer.go): a file for every setting in a
 * new folder, empty where there is no annotation, and one link that is replaced.
 * @returns when it was replaced, in milliseconds since 1970
 */
export async function writeSettings(
  volume: string,
  values: SettingValues,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const written = (writing.get(volume) ?? Promise.resolve()).then(async () => write(volume, values, labels));
  writing.set(
    volume,
    written.catch(() => undefined),
  );
  return written;
}

async function write(volume: string, values: SettingValues, labels: Readonly<Record<string, string>>): Promise<number> {
  version += 1;
  const folder = `..version_${version}`;
  const before = await readlink(join(volume, '..data')).catch(() => undefined);
  await mkdir(join(volume, folder));
  const labelLines = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const files = [
    ...table.map(({ name }) => [name, values[name] ?? ''] as const),
    ['labels', labelLines.join('\n')] as const,
  ];
  for (const [name, text] of files) {
    await writeFile(join(volume, folder, name), text);
    if (before === undefined) await symlink(`..data/${name}`, join(volume, name));
  }
  await symlink(folder, join(volume, '..data_tmp'));
  const time = Date.now();
  await rename(join(volume, '..data_tmp'), join(volume, '..data'));
  if (before !== undefined) await rm(join(volume, before), { recursive: true });
  return time;
}
