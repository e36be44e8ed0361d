import { join } from 'node:path';
import { buildImage, type ImageOptions } from '../cluster/images.ts';
import type { Progress } from '../cluster/progress.ts';
import { ownArchitecture, type Architecture } from './architectures.ts';
import { ensureGoBaseImage } from './goBase.ts';
import { ensureModules } from './goModuleCache.ts';
import { root } from './root.ts';

const source = join(root, 'agent');

/** The image of the Dockerfile's stage `libpcap`; its argument LIBPCAP takes such an image instead. */
const libpcapImage = 'localhost/packet-capture/libpcap:trixie';

/** Which of the agent's images. */
export interface AgentVariant {
  /** The Dockerfile's stage: `slim` is without rclone and shell. */
  readonly target?: 'slim';
  /** That of this machine unless told. */
  readonly architecture?: Architecture;
}

/** Where the build finds modules. */
const moduleFolder = '/modules';

/**
 * Builds the image of the agent into buildah's local store, unless that content is there.
 * @returns its full name
 * @throws REQUIREMENT_MISSING, one line, without a fit Go; CLUSTER_FAILED with buildah's last lines.
 */
export async function buildAgentImage(tag: string, progress: Progress, variant: AgentVariant = {}): Promise<string> {
  const { architecture = ownArchitecture } = variant;
  const go = await ensureGoBaseImage(progress);
  const modules = await ensureModules(source, progress);
  await ensureModules(join(source, 'rclone'), progress);
  return buildImage(source, tag, progress, {
    bases: { GO: go, LIBPCAP: await ensureLibpcapImage(architecture, progress) },
    arguments: { GOPROXY: `file://${moduleFolder}` },
    volumes: [`${modules}:${moduleFolder}:ro`],
    isPart: isBuilt,
    ...variantOptions(variant),
  });
}

/**
 * Builds the stage `libpcap` as an image of its own, unless that content is there: it takes a compiler and a minute,
 * and changes much less often than the agent.
 */
async function ensureLibpcapImage(architecture: Architecture, progress: Progress): Promise<string> {
  const isPart = (path: string): boolean => path === 'Dockerfile' || path === 'image/libpcap.sh';
  return buildImage(source, `${libpcapImage}-${architecture}`, progress, {
    ...variantOptions({ architecture }),
    target: 'libpcap',
    isPart,
  });
}

/** What is as by default is not named: such an image is the same as before there were others. */
function variantOptions({ target, architecture }: AgentVariant): Pick<ImageOptions, 'target' | 'architecture'> {
  return {
    ...(target === undefined ? {} : { target }),
    ...(architecture === undefined || architecture === ownArchitecture ? {} : { architecture }),
  };
}

/** False for what agent/.dockerignore leaves out. */
function isBuilt(path: string): boolean {
  return !path.endsWith('_test.go') && !path.split('/').includes('testdata');
}
