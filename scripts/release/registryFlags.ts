import { codedError } from '../../src/errors.ts';
import type { Signer, Trusted } from './publish/cosign.ts';

/** Flags that say whose signatures are accepted. */
export interface TrustFlags {
  readonly key?: string;
  readonly identity?: string;
  readonly issuer?: string;
}

/** Flags that say who signs. */
export interface SignerFlags extends TrustFlags {
  readonly keyless?: true;
  readonly passwordFile?: string;
}

/** Flags that say where a release is. */
export interface RegistryFlags {
  readonly registry: string;
  readonly plainHttp?: true;
}

export const registry = ['--registry <HOST/PATH>', 'the registry, and a path below which everything is'] as const;
export const plainHttp = ['--plain-http', 'without TLS, for a registry on this machine'] as const;
export const privateKey = [
  '--key <FILE>',
  'a key of cosign; its password is in COSIGN_PASSWORD or --password-file',
] as const;
export const publicKey = ['--key <FILE>', 'the public key'] as const;
export const passwordFile = ['--password-file <FILE>', 'a file with the password of the key'] as const;
export const keyless = ['--keyless', "sign with the pipeline's identity instead"] as const;
export const identity = [
  '--identity <URI>',
  'who may have signed without a key: the identity in the certificate',
] as const;
export const issuer = ['--issuer <URL>', 'who vouches for that identity'] as const;

/** Who signs, and whose signatures are accepted if that is not the signer's key. @throws USAGE */
export function signerOf(flags: SignerFlags): { signer: Signer; trusted?: Trusted } {
  const { key, keyless: withoutKey, passwordFile: file } = flags;
  if (withoutKey === true) {
    const trusted = trustedBy({ ...flags, key: undefined });
    if (key !== undefined || trusted === undefined)
      throw codedError('USAGE', '--keyless needs --identity and --issuer, and no --key');
    return { signer: 'keyless', trusted };
  }
  if (key === undefined) throw codedError('USAGE', 'needs --key, or --keyless');
  return { signer: { key, ...(file === undefined ? {} : { passwordFile: file }) } };
}

/** Whose signatures are accepted. @throws USAGE */
export function trustedOf(flags: TrustFlags): Trusted {
  const trusted = trustedBy(flags);
  if (trusted === undefined) throw codedError('USAGE', 'needs --key, or --identity and --issuer');
  return trusted;
}

function trustedBy(flags: { [K in keyof TrustFlags]: TrustFlags[K] | undefined }): Trusted | undefined {
  const { key, identity: who, issuer: by } = flags;
  if (key !== undefined) return { key };
  return who === undefined || by === undefined ? undefined : { identity: who, issuer: by };
}
