import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  filesOfMaterial,
  materialFiles,
  materialOfFiles,
  type CertificateMaterial,
  type MaterialFile,
} from '../../../certificates/index.ts';
import { codedError } from '../../../errors.ts';
import { fileProblem } from '../../../fileProblem.ts';

/** Files with a private key are readable by their owner alone. */
const modes: Readonly<Record<MaterialFile, number>> = {
  'next.pem': 0o600,
  'tls.key': 0o600,
  'tls.crt': 0o644,
  'ca.crt': 0o644,
};

/**
 * Reads ca.crt, tls.crt, tls.key and, during a rotation, next.pem from a folder. Parts may be missing.
 * @throws FILE_UNREADABLE when all are missing, CERTIFICATE_INVALID
 */
export async function readFolder(folder: string): Promise<Partial<CertificateMaterial>> {
  const files: Partial<Record<MaterialFile, string>> = {};
  for (const name of materialFiles) {
    const text = await readIfThere(join(folder, name));
    if (text !== undefined) files[name] = text;
  }
  if (Object.keys(files).length > 0) return materialOfFiles(files);
  throw codedError('FILE_UNREADABLE', 'the folder has no ca.crt, tls.crt or tls.key', { where: folder });
}

/** The existing files of the folder that writing would replace. */
export async function existingFiles(folder: string): Promise<string[]> {
  const paths = materialFiles.map((name) => join(folder, name));
  const found = await Promise.all(
    paths.map(async (path) =>
      stat(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return found.flat();
}

/** A file to replace as a whole, or to remove when there is no text. */
export interface FolderWrite {
  readonly file: MaterialFile;
  readonly text: string | undefined;
}

/**
 * The writes after which a folder has exactly this material. Their order lets an interrupted rotation continue from
 * any point: the next pair is written first and removed last, and the bundle, which activates it, is written after it.
 */
export function folderWrites(material: CertificateMaterial): FolderWrite[] {
  const files = filesOfMaterial(material);
  const writes = materialFiles.map((file) => ({ file, text: files[file] }));
  return [...writes.filter(({ text }) => text !== undefined), ...writes.filter(({ text }) => text === undefined)];
}

/** Writes and removes the files in order. @throws FILE_UNWRITABLE */
export async function writeFolder(folder: string, writes: readonly FolderWrite[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const { file, text } of writes) {
      const path = join(folder, file);
      await (text === undefined ? rm(path, { force: true }) : writeWhole(path, text, modes[file]));
    }
  } catch (error) {
    throw codedError('FILE_UNWRITABLE', fileProblem(error), { where: folder, cause: error });
  }
}

/** Writes to a new file and renames it, so that a key is never in a file that others can read. */
async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === text && ((await stat(path)).mode & 0o777) === mode) return;
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text, { flag: 'wx', mode, flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Reads a file that must exist. @throws FILE_UNREADABLE */
export async function readPemFile(path: string): Promise<string> {
  const text = await readIfThere(path);
  if (text === undefined) throw codedError('FILE_UNREADABLE', 'the file does not exist', { where: path });
  return text;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw codedError('FILE_UNREADABLE', fileProblem(error), { where: path, cause: error });
  }
}
