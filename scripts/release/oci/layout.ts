import { createHash } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture } from '../../images/architectures.ts';
import { digestOfFile, type Layer } from './layer.ts';

/** A reference to a blob, as the OCI image specification has it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
}

/** What an image has for one architecture. */
export interface PlatformImage {
  readonly architecture: Architecture;
  readonly layer: Layer;
  /** How it is started: the `config` of an OCI image without labels. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A written layout: an index of images, one for each platform. */
export interface Layout {
  readonly folder: string;
  /** Of the index, `sha256:…`. */
  readonly digest: string;
  /** Of each platform's image. */
  readonly platforms: Readonly<Record<string, string>>;
}

const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const imageConfigType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';

/**
 * Writes an OCI image layout with one index that has an image for each platform. The same input gives the same bytes.
 * @param folder which is made
 * @param labels of the images; also annotations of the manifests and of the index
 * @param seconds when it counts as made, since 1970
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export async function writeLayout(
  folder: string,
  images: readonly PlatformImage[],
  labels: Readonly<Record<string, string>>,
  seconds: number,
): Promise<Layout> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  const annotations = sorted(labels);
  const manifests: Descriptor[] = [];
  for (const image of images) manifests.push(await writeImage(folder, image, annotations, seconds));
  const index = { schemaVersion: 2, mediaType: indexType, manifests, annotations };
  const descriptor = await writeJson(folder, indexType, index);
  await writeEntry(folder, descriptor);
  const platforms = Object.fromEntries(
    manifests.map(({ digest, platform }) => [`${platform?.os}/${platform?.architecture}`, digest]),
  );
  return { folder, digest: descriptor.digest, platforms };
}

/**
 * Writes an OCI image layout with one file that is no image.
 * @param folder which is made
 * @param configType says what it is
 */
export async function writeArtifact(
  folder: string,
  configType: string,
  content: { readonly mediaType: string; readonly bytes: Uint8Array },
): Promise<void> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  const config = await writeBlob(folder, configType, Buffer.from('{}'));
  const layer = await writeBlob(folder, content.mediaType, content.bytes);
  const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers: [layer] };
  await writeEntry(folder, await writeJson(folder, manifestType, manifest));
}

/** Names what a layout is about. */
async function writeEntry(folder: string, descriptor: Descriptor): Promise<void> {
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [descriptor] }),
  );
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

async function writeImage(
  folder: string,
  { architecture, layer, config }: PlatformImage,
  annotations: Readonly<Record<string, string>>,
  seconds: number,
): Promise<Descriptor> {
  const created = new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
  const packed = await moveBlob(folder, layerType, layer.path);
  const image = {
    created,
    architecture,
    os: 'linux',
    config: { ...config, Labels: annotations },
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    history: [{ created, created_by: 'npm run release' }],
  };
  const described = await writeJson(folder, imageConfigType, image);
  const manifest = { schemaVersion: 2, mediaType: manifestType, config: described, layers: [packed], annotations };
  return { ...(await writeJson(folder, manifestType, manifest)), platform: { architecture, os: 'linux' } };
}

async function writeJson(folder: string, mediaType: string, value: object): Promise<Descriptor> {
  return writeBlob(folder, mediaType, Buffer.from(JSON.stringify(value)));
}

async function writeBlob(folder: string, mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await writeFile(blobPath(folder, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

async function moveBlob(folder: string, mediaType: string, path: string): Promise<Descriptor> {
  const digest = await digestOfFile(path);
  await rename(path, blobPath(folder, digest));
  return { mediaType, digest, size: (await stat(blobPath(folder, digest))).size };
}

/** Where a layout keeps a blob. */
export function blobPath(folder: string, digest: string): string {
  return join(folder, 'blobs', ...digest.split(':'));
}

function sorted(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
