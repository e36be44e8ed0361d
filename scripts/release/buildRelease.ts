import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { version } from '../../src/version.ts';
import { step, type Progress } from '../cluster/progress.ts';
import { bundle } from '../images/bundle.ts';
import { inTemporaryFolder } from '../images/temporaryFolder.ts';
import { writeTarball, writeZip } from './archive.ts';
import { archiveReadme } from './archiveReadme.ts';
import type { Commit } from './commit.ts';
import { krewManifest, type Download } from './krewManifest.ts';
import { checkOwnNode } from './node/nodePrograms.ts';
import { packNpmPackage } from './npmPackage.ts';
import { platforms, type Platform, type PlatformName } from './platforms.ts';
import { writeProgramFiles } from './programFiles.ts';
import {
  fileOf,
  krewFile,
  platformsOf,
  releaseFiles,
  sumsFile,
  writesManifest,
  type ReleaseOptions,
} from './releaseFiles.ts';

/**
 * Builds what users download. The same commit gives the same bytes, on every Linux with this version of Node.
 * @param out folder for it, which is made; files of the same names are replaced
 * @returns the paths of the files, SHA256SUMS last
 * @throws REQUIREMENT_MISSING for another Node, or when npm cannot fetch a platform's Node
 */
export async function buildRelease(
  out: string,
  commit: Commit,
  options: ReleaseOptions,
  progress: Progress,
): Promise<string[]> {
  await checkOwnNode();
  await mkdir(join(out, 'krew'), { recursive: true });
  const built = platformsOf(options.parts);
  if (options.parts.includes('npm'))
    await step(progress, 'packing the npm package', () => packNpmPackage(out, commit.hash));
  if (built.length > 0) await buildArchives(out, commit, built, progress);
  const files = options.parts.map(fileOf);
  const hashes = await Promise.all(
    files.map(async (name) =>
      createHash('sha256')
        .update(await readFile(join(out, name)))
        .digest('hex'),
    ),
  );
  if (options.url !== undefined && writesManifest(options)) {
    const downloads = built.map((part): Download => {
      const name = fileOf(part);
      return { platform: platforms[part], name, hash: hashes[files.indexOf(name)] ?? '' };
    });
    await writeFile(join(out, krewFile), krewManifest(version, options.url, downloads));
  }
  // As sha256sum writes and checks it.
  await writeFile(join(out, sumsFile), files.map((name, index) => `${hashes[index]}  ${name}\n`).join(''));
  return releaseFiles(options).map((name) => join(out, name));
}

async function buildArchives(
  out: string,
  commit: Commit,
  built: readonly PlatformName[],
  progress: Progress,
): Promise<void> {
  const program = await step(progress, 'bundling the program', () =>
    bundle('src/cli/main.ts', { form: 'executable', commit: commit.hash }),
  );
  for (const name of built) {
    const platform: Platform = platforms[name];
    await inTemporaryFolder(async (folder) => {
      await writeProgramFiles(name, program, folder, progress);
      const eol = platform.os === 'windows' ? '\r\n' : '\n';
      await writeFile(join(folder, 'README.txt'), archiveReadme(platform, version).replaceAll('\n', eol));
      const pack = platform.os === 'windows' ? writeZip : writeTarball;
      await step(progress, `packing ${fileOf(name)}`, () => pack(folder, join(out, fileOf(name)), commit.seconds));
    });
  }
}
