import { createHash } from 'node:crypto';
import { execa } from 'execa';
import { codedError } from '../../../src/errors.ts';
import { capture, run } from '../../cluster/command.ts';
import type { Descriptor } from '../oci/layout.ts';

/** Where a release is. */
export interface Registry {
  /** HOST[:PORT][/PATH], below which the images and the chart are. */
  readonly address: string;
  /** Without TLS: for a registry on this machine. */
  readonly plainHttp: boolean;
  /** Path of crane. */
  readonly crane: string;
}

/** The folder of the chart, for `helm push`. */
export function chartFolder({ address }: Registry): string {
  return `${address}/charts`;
}

/** Runs crane. @throws CLUSTER_FAILED with its last lines */
export async function crane(registry: Registry, args: readonly string[]): Promise<string> {
  return (await run(craneArgv(registry, args))).stdout.trim();
}

/** The digest of a name with a tag; undefined when the registry does not know it. @throws CLUSTER_FAILED */
export async function digestOf(registry: Registry, reference: string): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await capture(craneArgv(registry, ['digest', reference]));
  if (exitCode === 0) return stdout.trim();
  if (/MANIFEST_UNKNOWN|NAME_UNKNOWN|404 Not Found/.test(stderr)) return undefined;
  throw codedError('CLUSTER_FAILED', `the registry does not tell the digest of ${reference}: ${stderr.trim()}`);
}

/**
 * Reads all that belongs to a manifest or an index, and holds each byte against its digest.
 * @param repository name without tag
 * @returns the manifests that are not indexes, by platform (`linux/amd64`, or '' for a manifest without one)
 * @throws RELEASE_UNVERIFIED
 */
export async function checkBytes(
  registry: Registry,
  repository: string,
  digest: string,
): Promise<Map<string, Manifest>> {
  const manifest = JSON.parse((await read(registry, 'manifest', `${repository}@${digest}`)).text) as Manifest;
  if (manifest.manifests !== undefined) {
    const found = new Map<string, Manifest>();
    for (const child of manifest.manifests) {
      const [inner] = (await checkBytes(registry, repository, child.digest)).values();
      if (inner !== undefined) found.set(`${child.platform?.os}/${child.platform?.architecture}`, inner);
    }
    return found;
  }
  for (const blob of [manifest.config, ...(manifest.layers ?? [])])
    if (blob !== undefined) await read(registry, 'blob', `${repository}@${blob.digest}`);
  return new Map([['', { ...manifest, digest }]]);
}

/** A manifest or an index. */
export interface Manifest {
  readonly digest: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The bytes of a blob that is small, held against its digest. @throws RELEASE_UNVERIFIED */
export async function readBlob(registry: Registry, repository: string, digest: string): Promise<Buffer> {
  return (await read(registry, 'blob', `${repository}@${digest}`)).bytes;
}

async function read(
  registry: Registry,
  kind: 'manifest' | 'blob',
  reference: string,
): Promise<{ readonly bytes: Buffer; readonly text: string }> {
  const [file = '', ...args] = craneArgv(registry, [kind, reference]);
  const { stdout, exitCode, stderr } = await execa(file, args, {
    encoding: 'buffer',
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 1024 * 1024 * 1024,
  });
  const bytes = Buffer.from(stdout);
  if (exitCode !== 0) {
    const said = Buffer.from(stderr).toString().trim();
    throw codedError('RELEASE_UNVERIFIED', `${reference} cannot be read: ${said}`);
  }
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (!reference.endsWith(`@${digest}`))
    throw codedError('RELEASE_UNVERIFIED', `the ${kind} ${reference} has the digest ${digest}`);
  return { bytes, text: bytes.toString() };
}

function craneArgv({ crane: program, plainHttp }: Registry, args: readonly string[]): string[] {
  return [program, ...args, ...(plainHttp ? ['--insecure'] : [])];
}
