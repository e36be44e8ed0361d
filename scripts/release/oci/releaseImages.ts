import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { imageRepositories } from '../../../src/sidecar/index.ts';
import { version } from '../../../src/version.ts';
import { imageId } from '../../cluster/images.ts';
import { step, type Progress } from '../../cluster/progress.ts';
import { architectures, ownArchitecture, type Architecture } from '../../images/architectures.ts';
import { ensureAgentImage, ensureInjectorImage, ensureSlimAgentImage } from '../../images/images.ts';
import { cliRepository } from '../../images/names.ts';
import { ensureCliImage } from '../cliImage.ts';
import type { Commit } from '../commit.ts';
import { readImageConfig, withImageFiles } from './buildahImage.ts';
import { writeLayer } from './layer.ts';
import { writeLayout, type Layout, type PlatformImage } from './layout.ts';

/** An image that is released. */
export interface ReleasedImage {
  /** Its name in a registry. */
  readonly repository: string;
  readonly tag: string;
  /** Unless it is built for all. */
  readonly only?: Architecture;
  /** Builds it into buildah's local store. */
  readonly build: (progress: Progress, architecture: Architecture) => Promise<string>;
}

/** Every image of a release; one more line is one more image. */
export const releasedImages = {
  agent: { repository: imageRepositories.agent, tag: version, build: ensureAgentImage },
  'agent-slim': { repository: imageRepositories.agent, tag: `${version}-slim`, build: ensureSlimAgentImage },
  injector: { repository: imageRepositories.injector, tag: version, build: ensureInjectorImage },
  // All of Debian: its packages would have to be installed by a machine of the other kind.
  cli: { repository: cliRepository, tag: version, build: ensureCliImage, only: ownArchitecture },
} satisfies Record<string, ReleasedImage>;

export type ImageName = keyof typeof releasedImages;

export const imageNames = Object.keys(releasedImages) as ImageName[];

/** What an image is built for. */
export function architecturesOf(name: ImageName): readonly Architecture[] {
  const { only }: ReleasedImage = releasedImages[name];
  return only === undefined ? architectures : [only];
}

/** What a release says of itself in its images. */
export interface Origin {
  readonly commit: Commit;
  /** The address of the sources. */
  readonly source?: string;
  /** Who publishes the images, and answers for their sources. */
  readonly vendor?: string;
}

/**
 * Builds an image for all its platforms, and writes it as an OCI layout. The same commit gives the same digest.
 * @param folder which is made anew
 * @throws CLUSTER_FAILED with buildah's last lines
 */
export async function writeReleaseImage(
  name: ImageName,
  folder: string,
  origin: Origin,
  progress: Progress,
): Promise<Layout> {
  const { seconds } = origin.commit;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const images: PlatformImage[] = [];
  let labels = originLabels(origin);
  const { build }: ReleasedImage = releasedImages[name];
  for (const architecture of architecturesOf(name)) {
    const built = await build(progress, architecture);
    // Not by its name: another checkout may build an image of this name meanwhile.
    const image = (await imageId(built)) ?? built;
    const described = await readImageConfig(image);
    const layer = await step(progress, `packing ${name} for ${architecture}`, () =>
      withImageFiles(image, (root) => writeLayer(root, join(folder, `layer-${architecture}`), seconds)),
    );
    images.push({ architecture, layer, config: described.config });
    labels = { ...described.labels, ...labels };
  }
  return writeLayout(folder, images, labels, seconds);
}

/** @see https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export function originLabels({ commit, source, vendor }: Origin): Record<string, string> {
  return {
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': commit.hash,
    'org.opencontainers.image.created': timeOf(commit),
    ...(source === undefined ? {} : { 'org.opencontainers.image.source': source }),
    ...(vendor === undefined ? {} : { 'org.opencontainers.image.vendor': vendor }),
  };
}

/** The time of the commit as RFC 3339 has it. */
export function timeOf({ seconds }: Commit): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
