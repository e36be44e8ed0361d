import { stringify } from 'yaml';
import { executableName, type Platform } from './platforms.ts';

/** An archive as it can be downloaded. */
export interface Download {
  readonly platform: Platform;
  /** File name. */
  readonly name: string;
  /** SHA-256, in hexadecimal. */
  readonly hash: string;
}

/**
 * The manifest by which krew installs the program as a plugin of kubectl. Pure.
 * @param url the folder in which the archives can be downloaded
 */
export function krewManifest(version: string, url: string, downloads: readonly Download[]): string {
  const folder = url.endsWith('/') ? url : `${url}/`;
  return stringify(
    {
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'packet-capture' },
      spec: {
        version: `v${version}`,
        shortDescription: 'Capture the packets of any workload',
        description: [
          'Records the network packets of pods: live in Wireshark, as files, in a',
          'bucket or at a collector. It adds a small container to pods, also to pods',
          'that run, without a change of their image.',
          '',
        ].join('\n'),
        caveats: [
          "It needs the agent's image in a registry that your nodes can pull from:",
          'set PACKET_CAPTURE_IMAGE, or use the flag --image.',
          '',
        ].join('\n'),
        platforms: downloads.map(({ platform, name, hash }) => ({
          selector: { matchLabels: { os: platform.os, arch: platform.arch } },
          uri: `${folder}${name}`,
          sha256: hash,
          bin: executableName(platform),
          files: [executableName(platform), 'LICENSE', 'THIRD-PARTY-LICENSES'].map((from) => ({ from, to: '.' })),
        })),
      },
    },
    { lineWidth: 0 },
  );
}
