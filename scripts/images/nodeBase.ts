import { constants } from 'node:fs';
import { access, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../src/errors.ts';
import { baseImage, buildImage } from '../cluster/images.ts';
import type { Progress } from '../cluster/progress.ts';
import { root } from './root.ts';
import { inTemporaryFolder } from './temporaryFolder.ts';

/** Debian with Node, which the bench compares the injector's image with; a name of our own. */
export const nodeBaseImage = 'localhost/packet-capture/node:26-trixie';

/**
 * Makes Debian trixie with this project's own Node in buildah's local store, unless it is there: there may be no
 * registry within reach. The program is that of a package which package-lock.json has with its checksum.
 * @returns its full name
 * @throws REQUIREMENT_MISSING when npm has not installed it
 */
export async function ensureNodeBaseImage(progress: Progress): Promise<string> {
  return inTemporaryFolder(async (folder) => {
    const packageName = `node-linux-${process.arch}`;
    const node = join(root, 'node_modules', packageName, 'bin', 'node');
    // Optional, for machines of other kinds; npm also leaves out what has not the checksum of the lock file.
    await access(node).catch((cause: unknown) => {
      throw codedError('REQUIREMENT_MISSING', `needs the npm package ${packageName}, which is not installed`, {
        hint: 'Run npm ci; its log says what it left out.',
        cause,
      });
    });
    await copyFile(node, join(folder, 'node'), constants.COPYFILE_FICLONE);
    await writeFile(join(folder, 'Dockerfile'), `FROM ${baseImage}\nCOPY node /usr/local/bin/node\nCMD ["node"]\n`);
    return buildImage(folder, nodeBaseImage, progress);
  });
}
