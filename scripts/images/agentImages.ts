import { join } from 'node:path';
import { buildImage } from '../cluster/images.ts';
import type { Progress } from '../cluster/progress.ts';
import { ensureGoBaseImage } from './goBase.ts';
import { ensureModules } from './goModuleCache.ts';
import { root } from './root.ts';

const source = join(root, 'agent');

/** The image of the Dockerfile's stage `libpcap`; its argument LIBPCAP takes such an image instead. */
const libpcapImage = 'localhost/packet-capture/libpcap:trixie';

/** Where the build finds modules. */
const moduleFolder = '/modules';

/**
 * Builds the image of the agent into buildah's local store, unless that content is there.
 * @param target the Dockerfile's stage: `slim` is without rclone and shell
 * @returns its full name
 * @throws REQUIREMENT_MISSING, one line, without a fit Go; CLUSTER_FAILED with buildah's last lines.
 */
export async function buildAgentImage(tag: string, progress: Progress, target?: 'slim'): Promise<string> {
  const go = await ensureGoBaseImage(progress);
  const modules = await ensureModules(source, progress);
  await ensureModules(join(source, 'rclone'), progress);
  return buildImage(source, tag, progress, {
    bases: { GO: go, LIBPCAP: await ensureLibpcapImage(progress) },
    arguments: { GOPROXY: `file://${moduleFolder}` },
    volumes: [`${modules}:${moduleFolder}:ro`],
    isPart: isBuilt,
    ...(target === undefined ? {} : { target }),
  });
}

/**
 * Builds the stage `libpcap` as an image of its own, unless that content is there: it takes a compiler and a minute,
 * and changes much less often than the agent.
 */
async function ensureLibpcapImage(progress: Progress): Promise<string> {
  const isPart = (path: string): boolean => path === 'Dockerfile' || path === 'image/libpcap.sh';
  return buildImage(source, libpcapImage, progress, { target: 'libpcap', isPart });
}

/** False for what agent/.dockerignore leaves out. */
function isBuilt(path: string): boolean {
  return !path.endsWith('_test.go') && !path.split('/').includes('testdata');
}
