import { pluginName } from '../../src/cli/io/programName.ts';
import { executableName, type Platform } from './platforms.ts';

/** What the README in an archive says. Pure. */
export function archiveReadme(platform: Platform, version: string): string {
  return [
    `packet-capture ${version} for ${platform.os}/${platform.arch}`,
    '',
    'Records the packets of any Kubernetes workload. This is the whole program: it has Node in it and needs nothing',
    'but kubectl, for commands that talk to a cluster, and helm for install, upgrade and uninstall.',
    '',
    ...installation[platform.os],
    '',
    `    ${executableName(platform).replace('.exe', '')} --help`,
    '    kubectl packet-capture attach POD -o - --image IMAGE | wireshark -k -i -',
    '',
    "IMAGE is the agent's image (its name ends in -slim for attach) in a registry that your nodes can pull from; the",
    'environment variable PACKET_CAPTURE_IMAGE names it for all commands. Nobody publishes it.',
    'packet-capture completion install makes the Tab key complete commands and names of the cluster.',
    '',
    'LICENSE is that of packet-capture, THIRD-PARTY-LICENSES has those of Node and of the libraries.',
    '',
  ].join('\n');
}

const plugin = `Under the name ${pluginName} kubectl finds it as a plugin.`;

const posix = [
  '    sudo cp packet-capture /usr/local/bin/',
  `    sudo ln -s packet-capture /usr/local/bin/${pluginName}`,
  '',
  plugin,
];

const installation: Readonly<Record<Platform['os'], readonly string[]>> = {
  linux: [
    'Copy it into a folder of your PATH:',
    '',
    ...posix,
    'It needs glibc 2.28 or later and libstdc++: Debian 10, Ubuntu 20.04, RHEL 8 and later have them, Alpine has not.',
  ],
  darwin: [
    'It is not signed. Sign it once, then copy it into a folder of your PATH:',
    '',
    '    xattr -d com.apple.quarantine packet-capture',
    '    codesign --sign - packet-capture',
    ...posix,
  ],
  windows: [
    'Copy it into a folder of your PATH, for kubectl under a second name:',
    '',
    `    copy packet-capture.exe ${pluginName}.exe`,
    '',
    plugin,
    'It is not signed, so that Windows asks before the first start.',
  ],
};
