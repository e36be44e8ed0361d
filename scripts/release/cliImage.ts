import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '../cluster/images.ts';
import { step, type Progress } from '../cluster/progress.ts';
import { bundle } from '../images/bundle.ts';
import { cliImage } from '../images/names.ts';
import { root } from '../images/root.ts';
import { inTemporaryFolder } from '../images/temporaryFolder.ts';
import { commitOfSources } from './commit.ts';
import { checkOwnNode } from './node/nodePrograms.ts';
import { ownPlatform } from './platforms.ts';
import { writeProgramFiles } from './programFiles.ts';

/**
 * Builds the image for pipelines into buildah's local store, unless that content is there: Debian with the executable.
 * @returns its full name
 * @throws REQUIREMENT_MISSING for another Node or without git; CLUSTER_FAILED with buildah's last lines
 */
export async function ensureCliImage(progress: Progress): Promise<string> {
  await checkOwnNode();
  const { hash: commit } = await commitOfSources();
  return inTemporaryFolder(async (folder) => {
    await cp(join(root, 'images', 'cli'), folder, { recursive: true });
    const program = await step(progress, 'bundling the program', () =>
      bundle('src/cli/main.ts', { form: 'executable', commit }),
    );
    await writeProgramFiles(ownPlatform, program, folder, progress);
    await cp(join(root, 'agent', 'image', 'SOURCE-OFFER'), join(folder, 'SOURCE-OFFER'));
    for (const [name, text] of program.packages) {
      // By these files scanners know what is in the executable.
      const library = join(folder, 'libraries', name);
      await mkdir(library, { recursive: true });
      await writeFile(join(library, 'package.json'), text);
    }
    return buildImage(folder, cliImage, progress);
  });
}
