import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../../../scripts/cluster/command.ts';

/** Files of a bundle: path -> text. */
export type BundleFiles = Readonly<Record<string, string>>;

/**
 * Writes files as an OCI image layout with the one layer that `flux push artifact` makes: a compressed tar, with Flux's
 * media types. The same files give the same digest.
 * @param folder is replaced
 * @returns the digest of the manifest: `sha256:…`
 */
export async function writeBundle(folder: string, files: BundleFiles): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  const [content, layout] = [join(folder, 'content'), join(folder, 'layout')];
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(content, path)), { recursive: true });
    await writeFile(join(content, path), text);
  }
  const archive = join(folder, 'content.tgz');
  const tar = 'tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a+rX,go-w -C "$1" -cf - .';
  await run(['sh', '-ec', `${tar} | gzip -n > "$2"`, 'sh', content, archive]);

  const put = async (mediaType: string, data: Buffer | string): Promise<Descriptor> => {
    const hash = createHash('sha256').update(data).digest('hex');
    await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
    await writeFile(join(layout, 'blobs/sha256', hash), data);
    return { mediaType, digest: `sha256:${hash}`, size: Buffer.byteLength(data) };
  };
  const manifest = await put(
    'application/vnd.oci.image.manifest.v1+json',
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: await put('application/vnd.cncf.flux.config.v1+json', '{}'),
      layers: [await put('application/vnd.cncf.flux.content.v1.tar+gzip', await readFile(archive))],
    }),
  );
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  return manifest.digest;
}

/** The image layout in the folder of {@link writeBundle}. */
export function layoutOf(folder: string): string {
  return join(folder, 'layout');
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}
