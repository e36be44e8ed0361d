import { constants } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { baseImage, buildImage } from '../cluster/images.ts';
import type { Progress } from '../cluster/progress.ts';
import { root } from './root.ts';
import { inTemporaryFolder } from './temporaryFolder.ts';

/** What the injector's Dockerfile starts from. */
export const nodeBaseImage = 'docker.io/library/node:26-trixie-slim';

/**
 * Makes Debian trixie with this project's own Node stand under the name of Node's slim image in buildah's local store,
 * unless it is there: there may be no registry within reach.
 * @returns its full name
 */
export async function ensureNodeBaseImage(progress: Progress): Promise<string> {
  return inTemporaryFolder(async (folder) => {
    const node = join(root, 'node_modules', 'node', 'bin', 'node');
    await copyFile(node, join(folder, 'node'), constants.COPYFILE_FICLONE);
    await writeFile(join(folder, 'Dockerfile'), `FROM ${baseImage}\nCOPY node /usr/local/bin/node\nCMD ["node"]\n`);
    return buildImage(folder, nodeBaseImage, progress);
  });
}
