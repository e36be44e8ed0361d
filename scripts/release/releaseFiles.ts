import { join } from 'node:path';
import { version } from '../../src/version.ts';
import { archiveName, platformNames, platforms, type PlatformName } from './platforms.ts';

export type Part = 'npm' | PlatformName;

/** What can be built: the npm package, and an archive for each platform. */
export const parts: readonly Part[] = ['npm', ...platformNames];

export interface ReleaseOptions {
  readonly parts: readonly Part[];
  /** Where the archives will be downloaded from, for the manifest of krew; without it there is none. */
  readonly url?: string;
}

/** Of the folder of a release. */
export const krewFile = join('krew', 'packet-capture.yaml');

/** Of the folder of a release. */
export const sumsFile = 'SHA256SUMS';

/** The files that a build writes, by path in its folder. Pure. */
export function releaseFiles(options: ReleaseOptions): string[] {
  return [...options.parts.map(fileOf), ...(writesManifest(options) ? [krewFile] : []), sumsFile];
}

/** The file that a part is. */
export function fileOf(part: Part): string {
  return part === 'npm' ? `packet-capture-${version}.tgz` : archiveName(platforms[part], version);
}

/** Whether a manifest of krew belongs to the release. */
export function writesManifest({ parts: chosen, url }: ReleaseOptions): boolean {
  return url !== undefined && platformsOf(chosen).length > 0;
}

/** Those parts that are archives with an executable. */
export function platformsOf(chosen: readonly Part[]): PlatformName[] {
  return chosen.filter((part) => part !== 'npm');
}
