import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { step, type Progress } from '../cluster/progress.ts';
import type { Bundle } from '../images/bundle.ts';
import { root } from '../images/root.ts';
import { writeExecutable } from './executable.ts';
import { licenseText } from './licenseText.ts';
import { ensureNodeProgram } from './node/nodePrograms.ts';
import { executableName, platforms, type PlatformName } from './platforms.ts';

/**
 * Writes the executable for a platform into a folder, with the licences of all that is in it: LICENSE, and
 * THIRD-PARTY-LICENSES.
 * @throws REQUIREMENT_MISSING when npm cannot fetch the platform's Node
 */
export async function writeProgramFiles(
  name: PlatformName,
  program: Bundle,
  folder: string,
  progress: Progress,
): Promise<void> {
  const platform = platforms[name];
  const node = await ensureNodeProgram(platform, progress);
  const file = join(folder, executableName(platform));
  await step(progress, `making the executable for ${name}`, () => writeExecutable(platform, node.path, program, file));
  await chmod(file, 0o755);
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const licenses = new Map([['Node', await readFile(node.license, 'utf8')], ...program.licenses]);
  await writeFile(join(folder, 'THIRD-PARTY-LICENSES'), licenseText(licenses));
}
