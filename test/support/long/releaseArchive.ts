import { mkdir } from 'node:fs/promises';
import { execa } from 'execa';
import type { PlatformName } from '../../../scripts/release/platforms.ts';

/** The archive that runs on this machine. */
export const ownPlatform: PlatformName = process.arch === 'arm64' ? 'linux-arm64' : 'linux-amd64';

/** Unpacks a .tar.gz as a user does. */
export async function unpack(archive: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await execa('tar', ['-xzf', archive, '-C', folder]);
}
