import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../../src/errors.ts';
import { digestOfFile } from '../oci/layer.ts';
import { sumsFile } from '../releaseFiles.ts';
import { signFile, verifyFile, withTrust, type Signer, type Trusted } from './cosign.ts';

/** The signature of SHA256SUMS, with all that is needed to verify it. */
export const sumsBundle = `${sumsFile}.sigstore.json`;

/**
 * Signs the checksums of the files that users download, and verifies them as users do.
 * @param cosign path of the program
 * @param folder that `npm run release -- build` wrote
 * @returns the name of the signature, in that folder
 * @throws NOT_FOUND without checksums; RELEASE_UNVERIFIED; CLUSTER_FAILED with cosign's last lines
 */
export async function signDownloads(
  cosign: string,
  signer: Signer,
  trusted: Trusted | undefined,
  folder: string,
): Promise<string> {
  await readSums(folder);
  await signFile(cosign, signer, join(folder, sumsFile), join(folder, sumsBundle));
  await withTrust(cosign, signer, trusted, async (accepted) => verifyDownloads(cosign, accepted, folder));
  return sumsBundle;
}

/**
 * Verifies the signature of the checksums, and each file that they name.
 * @returns the names of the files
 * @throws NOT_FOUND without checksums or signature; RELEASE_UNVERIFIED with what is not as it was signed
 */
export async function verifyDownloads(cosign: string, trusted: Trusted, folder: string): Promise<string[]> {
  const sums = await readSums(folder);
  await readPart(folder, sumsBundle);
  const result = await verifyFile(cosign, trusted, join(folder, sumsFile), join(folder, sumsBundle));
  if (result.exitCode !== 0)
    throw codedError('RELEASE_UNVERIFIED', `${sumsFile} has no signature that is accepted: ${result.stderr.trim()}`);
  for (const [name, sum] of sums) {
    const found = await digestOfFile(join(folder, name)).catch((cause: unknown) => {
      throw codedError('NOT_FOUND', `${sumsFile} names ${name}, which cannot be read`, { cause });
    });
    if (found !== `sha256:${sum}`)
      throw codedError('RELEASE_UNVERIFIED', `${name} has the digest ${found}, and ${sumsFile} says sha256:${sum}`);
  }
  return [...sums.keys()];
}

/** Name -> checksum, as sha256sum writes them. */
async function readSums(folder: string): Promise<ReadonlyMap<string, string>> {
  const text = await readPart(folder, sumsFile);
  const lines = text.split('\n').filter((line) => line !== '');
  const sums = lines.map((line) => {
    const [, sum, name] = /^([0-9a-f]{64}) [ *]([^/]+)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined)
      throw codedError('RELEASE_UNVERIFIED', `${sumsFile} has a line that is no checksum: ${line}`);
    return [name, sum] as const;
  });
  if (sums.length === 0) throw codedError('RELEASE_UNVERIFIED', `${sumsFile} names no file`);
  return new Map(sums);
}

async function readPart(folder: string, name: string): Promise<string> {
  return readFile(join(folder, name), 'utf8').catch((cause: unknown) => {
    throw codedError('NOT_FOUND', `there is no ${join(folder, name)}`, { cause });
  });
}
