import { lstat, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { codedError } from '../errors.ts';
import { fileProblem } from '../fileProblem.ts';
import { identity } from './identity.ts';
import type { Files } from './renderChart.ts';

/**
 * Every file below a folder; an empty map when there is no such folder.
 * @throws FILE_UNREADABLE, also for an entry that is neither a file nor a folder
 */
export async function readChartFolder(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile()) throw codedError('FILE_UNREADABLE', 'neither a file nor a folder', { where: path });
      files.set(relative(folder, path).split(sep).join('/'), await readFile(path));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw readError(error, folder);
  }
  return files;
}

/** The differences between two folders by path: `missing`, `different`, or `stale` for a file that should not exist. */
export function differences(wanted: Files, found: Files): string[] {
  const lines = [...wanted].flatMap(([path, content]) => {
    const other = found.get(path);
    if (other === undefined) return [`missing: ${path}`];
    return Buffer.compare(content, other) === 0 ? [] : [`different: ${path}`];
  });
  return [
    ...lines,
    ...[...found.keys()]
      .filter((path) => !wanted.has(path))
      .toSorted()
      .map((path) => `stale: ${path}`),
  ];
}

/**
 * Replaces a whole folder. The new one is written next to it and then renamed, so that no old file stays, and a reader
 * sees either the old chart or the new one. Replaces only a chart of this project or an empty folder.
 * @param secret the paths of files with a private key, which only their owner may read
 * @throws FILE_EXISTS when the path contains something else, FILE_UNWRITABLE
 */
export async function replaceFolder(folder: string, files: Files, secret: readonly string[] = []): Promise<void> {
  const target = await realpath(folder).catch(() => folder);
  await checkReplaceable(target);
  const fresh = `${target}.${process.pid}.tmp`;
  const before = `${target}.${process.pid}.old`;
  try {
    await mkdir(dirname(fresh), { recursive: true });
    // Not recursive: fails if somebody else has created the folder.
    await mkdir(fresh);
    for (const [path, content] of files) {
      const file = join(fresh, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content, { flag: 'wx', mode: secret.includes(path) ? 0o600 : 0o644 });
    }
    if (await exists(target)) await rename(target, before);
    await rename(fresh, target);
  } catch (error) {
    if (!(await exists(target)) && (await exists(before))) await rename(before, target);
    await rm(fresh, { recursive: true, force: true });
    throw codedError('FILE_UNWRITABLE', fileProblem(error), { where: folder, cause: error });
  }
  await rm(before, { recursive: true, force: true });
}

async function checkReplaceable(folder: string): Promise<void> {
  if (!(await exists(folder))) return;
  const names = await readdir(folder).catch(() => undefined);
  if (names?.length === 0) return;
  const about = await readFile(join(folder, 'Chart.yaml'), 'utf8').catch(() => '');
  if (about.split('\n').includes(`name: ${identity.chartName}`)) return;
  const hint = 'Name a folder that does not exist yet, or a chart that this command has written.';
  throw codedError('FILE_EXISTS', 'it exists and is not a chart of this command; nothing was written', {
    where: folder,
    hint,
  });
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function readError(error: unknown, where: string): unknown {
  if (error instanceof Error && error.name === 'FILE_UNREADABLE') return error;
  const what = error instanceof Error ? error.message : String(error);
  return codedError('FILE_UNREADABLE', what, { where, cause: error });
}
