import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contained, run } from '../cluster/command.ts';
import { step, type Progress } from '../cluster/progress.ts';

/**
 * Writes an image of buildah's local store as a docker archive; an archive of that name is replaced whole.
 * @returns its path
 * @throws CLUSTER_FAILED with buildah's last lines.
 */
export async function saveImage(image: string, folder: string, progress: Progress): Promise<string> {
  const path = join(folder, `${image.replace(/^(docker\.io|localhost)\//, '').replaceAll(/[^\w.-]/g, '-')}.tar`);
  const unfinished = `${path}.unfinished`;
  await mkdir(folder, { recursive: true });
  try {
    await rm(unfinished, { force: true });
    await step(progress, `saving ${image}`, () =>
      run(contained(['buildah', 'push', image, `docker-archive:${unfinished}:${image}`]), {
        env: { STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' },
      }),
    );
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}
