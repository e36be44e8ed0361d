import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { archiveReadme } from '../../../../scripts/release/archiveReadme.ts';
import { krewManifest } from '../../../../scripts/release/krewManifest.ts';
import { withoutCertificate } from '../../../../scripts/release/node/withoutCertificate.ts';
import { platforms } from '../../../../scripts/release/platforms.ts';
import { parts, releaseFiles } from '../../../../scripts/release/releaseFiles.ts';
import { version } from '../../../../src/version.ts';

test('a release is the npm package, an archive for each platform, a manifest if there is an address, and the sums', () => {
  expect(releaseFiles({ parts, url: 'https://downloads.example' })).toEqual([
    `packet-capture-${version}.tgz`,
    `packet-capture_${version}_linux_amd64.tar.gz`,
    `packet-capture_${version}_linux_arm64.tar.gz`,
    `packet-capture_${version}_darwin_amd64.tar.gz`,
    `packet-capture_${version}_darwin_arm64.tar.gz`,
    `packet-capture_${version}_windows_amd64.zip`,
    'krew/packet-capture.yaml',
    'SHA256SUMS',
  ]);
  expect(releaseFiles({ parts: ['npm'], url: 'https://downloads.example' })).toEqual([
    `packet-capture-${version}.tgz`,
    'SHA256SUMS',
  ]);
  expect(releaseFiles({ parts: ['linux-amd64'] })).not.toContain('krew/packet-capture.yaml');
});

test('the manifest of krew names each archive with its checksum, and .exe on Windows alone', () => {
  const downloads = [
    { platform: platforms['linux-amd64'], name: 'a.tar.gz', hash: '01' },
    { platform: platforms['windows-amd64'], name: 'b.zip', hash: '02' },
  ];
  const manifest = parse(krewManifest('1.2.3', 'https://downloads.example/v1', downloads)) as {
    readonly spec: { readonly version: string; readonly platforms: readonly object[] };
  };
  expect(manifest.spec.version).toBe('v1.2.3');
  expect(manifest.spec.platforms).toMatchObject([
    {
      selector: { matchLabels: { os: 'linux', arch: 'amd64' } },
      uri: 'https://downloads.example/v1/a.tar.gz',
      sha256: '01',
      bin: 'packet-capture',
    },
    { uri: 'https://downloads.example/v1/b.zip', sha256: '02', bin: 'packet-capture.exe' },
  ]);
  expect(krewManifest('1.2.3', 'https://downloads.example/v1/', downloads)).toContain('example/v1/a.tar.gz');
});

test.each(Object.values(platforms))('the README of the archive for $os/$arch fits a terminal', (platform) => {
  const text = archiveReadme(platform, '1.2.3');
  expect(text).toContain(`for ${platform.os}/${platform.arch}\n`);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  expect(text.includes('codesign')).toBe(platform.os === 'darwin');
});

/** A program for Windows as far as its signature: the header at 64, the signature in the last 8 bytes. */
function signedProgram(): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.writeUInt32LE(64, 60);
  bytes.write('PE\0\0', 64, 'latin1');
  bytes.writeUInt16LE(0x2_0b, 64 + 24);
  bytes.writeUInt32LE(504, 64 + 24 + 112 + 32);
  bytes.writeUInt32LE(8, 64 + 24 + 112 + 36);
  return bytes;
}

test('a program for Windows loses its signature, and only that', () => {
  const program = withoutCertificate(signedProgram());
  expect(program).toHaveLength(504);
  expect(withoutCertificate(program)).toBe(program);
});

test('a program for Windows with something after the signature is refused, and so is another file', () => {
  expect(() => withoutCertificate(Buffer.concat([signedProgram(), Buffer.alloc(8)]))).toThrow('not at the end');
  expect(() => withoutCertificate(Buffer.alloc(512))).toThrow('no program of 64 bits');
});
