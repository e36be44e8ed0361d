/** What was published: names and digests. */
export interface ReleaseRecord {
  readonly version: string;
  readonly commit: string;
  readonly images: Readonly<Record<string, PublishedImage>>;
  readonly chart: Published;
}

/** An artifact in a registry. */
export interface Published {
  /** HOST/PATH/NAME. */
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

export interface PublishedImage extends Published {
  /** The digest of the image for each platform. */
  readonly platforms: Readonly<Record<string, string>>;
}

/** NAME@sha256:… */
export function byDigest({ name, digest }: Pick<Published, 'name' | 'digest'>): string {
  return `${name}@${digest}`;
}

/** NAME:TAG */
export function byTag({ name, tag }: Pick<Published, 'name' | 'tag'>): string {
  return `${name}:${tag}`;
}
