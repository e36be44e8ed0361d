import { readFile } from 'node:fs/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, run, type CommandResult } from '../../cluster/command.ts';
import { inTemporaryFolder } from '../../images/temporaryFolder.ts';

/** Who signs: a key, or the identity that the pipeline has a token for. */
export type Signer =
  | {
      readonly key: string;
      /** A file with the password of the key; unless told, the environment variable COSIGN_PASSWORD has it. */
      readonly passwordFile?: string;
    }
  | 'keyless';

/** Whose signatures are accepted. */
export type Trusted = { readonly key: string } | { readonly identity: string; readonly issuer: string };

/** What an attestation says: of which parts an artifact is made, or from what it was built. */
export type PredicateType = 'spdxjson' | 'slsaprovenance1';

/** cosign, and how it reaches the registry. */
export interface Cosign {
  /** Path of the program. */
  readonly cosign: string;
  readonly plainHttp: boolean;
}

/**
 * Signs what a digest names. The signature is kept next to it, under a tag that is made from the digest: Flux and the
 * policies of clusters read that form.
 * @param reference NAME@sha256:…
 * @throws CLUSTER_FAILED with cosign's last lines
 */
export async function sign(cosign: Cosign, signer: Signer, reference: string): Promise<void> {
  const args = ['sign', '--yes', ...format, ...signing(signer), ...transport(cosign), reference];
  await run([cosign.cosign, ...args], { env: await environment(signer) });
}

/** Signs a statement about what a digest names. @throws CLUSTER_FAILED with cosign's last lines */
export async function attest(
  cosign: Cosign,
  signer: Signer,
  reference: string,
  type: PredicateType,
  predicate: string,
): Promise<void> {
  const about = ['--type', type, '--predicate', predicate];
  const args = ['attest', '--yes', ...format, ...about, ...signing(signer), ...transport(cosign), reference];
  await run([cosign.cosign, ...args], { env: await environment(signer) });
}

/**
 * Signs a file.
 * @param cosign path of the program
 * @param bundle the file that is written: the signature with all that is needed to verify it
 * @throws CLUSTER_FAILED with cosign's last lines
 */
export async function signFile(cosign: string, signer: Signer, file: string, bundle: string): Promise<void> {
  const args = ['sign-blob', '--yes', '--bundle', bundle, ...signing(signer), file];
  await run([cosign, ...args], { env: await environment(signer) });
}

/** Whether a file has a signature that is accepted. @param bundle see {@link signFile} */
export async function verifyFile(
  cosign: string,
  trusted: Trusted,
  file: string,
  bundle: string,
): Promise<CommandResult> {
  return capture([cosign, 'verify-blob', '--bundle', bundle, ...accepting(trusted), file]);
}

/** Whether a digest has a signature that is accepted. */
export async function verifySignature(cosign: Cosign, trusted: Trusted, reference: string): Promise<CommandResult> {
  return capture([cosign.cosign, 'verify', ...format, ...accepting(trusted), ...transport(cosign), reference]);
}

/** The statements of a type that have a signature that is accepted. */
export async function verifyAttestation(
  cosign: Cosign,
  trusted: Trusted,
  reference: string,
  type: PredicateType,
): Promise<CommandResult> {
  const args = ['--type', type, ...accepting(trusted), ...transport(cosign), reference];
  return capture([cosign.cosign, 'verify-attestation', ...format, ...args]);
}

/** The signed statements that `verify-attestation` prints, one a line. Pure. */
export function statementsOf(stdout: string): Statement[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => {
      const { payload } = JSON.parse(line) as { readonly payload: string };
      return JSON.parse(Buffer.from(payload, 'base64').toString()) as Statement;
    });
}

/** An in-toto statement. */
export interface Statement {
  readonly subject: ReadonlyArray<{ readonly name: string; readonly digest: Readonly<Record<string, string>> }>;
  readonly predicateType: string;
  readonly predicate: unknown;
}

/** Writes the public half of a key. */
async function publicKey(cosign: string, signer: Exclude<Signer, 'keyless'>, file: string): Promise<void> {
  const { stdout } = await run([cosign, 'public-key', '--key', signer.key], { env: await environment(signer) });
  await writeFile(file, stdout);
}

/** Runs `work` with the trust that belongs to a signer. @param cosign path of the program */
export async function withTrust<T>(
  cosign: string,
  signer: Signer,
  trusted: Trusted | undefined,
  work: (trusted: Trusted) => Promise<T>,
): Promise<T> {
  if (trusted !== undefined) return work(trusted);
  if (signer === 'keyless') throw new Error('a keyless signer needs an identity');
  return inTemporaryFolder(async (folder) => {
    const key = join(folder, 'cosign.pub');
    await publicKey(cosign, signer, key);
    return work({ key });
  });
}

/** See {@link sign}. */
const format = ['--new-bundle-format=false'];

function signing(signer: Signer): string[] {
  // A key needs no log: who verifies has the public key.
  return signer === 'keyless' ? [] : ['--key', signer.key, '--use-signing-config=false', '--tlog-upload=false'];
}

function accepting(trusted: Trusted): string[] {
  if ('key' in trusted) return ['--key', trusted.key, '--insecure-ignore-tlog=true'];
  return ['--certificate-identity', trusted.identity, '--certificate-oidc-issuer', trusted.issuer];
}

function transport({ plainHttp }: Cosign): string[] {
  return plainHttp ? ['--allow-http-registry', '--allow-insecure-registry'] : [];
}

/** The password is never an argument. */
async function environment(signer: Signer): Promise<Record<string, string>> {
  if (signer === 'keyless' || signer.passwordFile === undefined) return {};
  return { COSIGN_PASSWORD: (await readFile(signer.passwordFile, 'utf8')).replace(/\n$/, '') };
}
