import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { execa } from 'execa';
import { codedError } from '../../src/errors.ts';
import { version } from '../../src/version.ts';
import { stderrProgress } from '../cluster/progress.ts';
import { ensureCosign, ensureCrane, ensureReleasePrograms } from '../cluster/tools.ts';
import { commitOfSources } from './commit.ts';
import { originOf, source, vendor, type OriginFlags } from './originFlags.ts';
import { currentNotes } from './publish/chart.ts';
import type { Signer, Trusted } from './publish/cosign.ts';
import { publish } from './publish/publish.ts';
import { verifyRelease } from './publish/verify.ts';

interface TrustFlags {
  readonly key?: string;
  readonly identity?: string;
  readonly issuer?: string;
}

interface PublishFlags extends OriginFlags, TrustFlags {
  readonly registry: string;
  readonly plainHttp?: true;
  readonly keyless?: true;
  readonly passwordFile?: string;
  readonly builder: string;
  readonly scan: 'required' | 'off';
  readonly out: string;
}

interface VerifyFlags extends TrustFlags {
  readonly registry: string;
  readonly plainHttp?: true;
  readonly tag: string;
}

const registry = ['--registry <HOST/PATH>', 'the registry, and a path below which everything is'] as const;
const plainHttp = ['--plain-http', 'without TLS, for a registry on this machine'] as const;
const identity = ['--identity <URI>', 'who may have signed without a key: the identity in the certificate'] as const;
const issuer = ['--issuer <URL>', 'who vouches for that identity'] as const;

/** Adds the commands that write to, and read from, a registry. */
export function addPublishCommands(program: Command): void {
  program
    .command('login')
    .description('log in to a registry, as docker does: the password is read from standard input')
    .requiredOption(...registry)
    .requiredOption('--user <NAME>', 'the user')
    .action(async (flags: { registry: string; user: string }) => {
      const crane = await ensureCrane(stderrProgress);
      const [host = ''] = flags.registry.split('/');
      // The files that it writes are read by helm and cosign, too.
      await execa(crane, ['auth', 'login', host, '--username', flags.user, '--password-stdin'], { stdio: 'inherit' });
    });

  program
    .command('publish')
    .description('build, push, scan, sign and verify a release: images, chart, SBOMs and provenance')
    .requiredOption(...registry)
    .option('--key <FILE>', 'a key of cosign; its password is in COSIGN_PASSWORD or --password-file')
    .option('--password-file <FILE>', 'a file with the password of the key')
    .option('--keyless', "sign with the pipeline's identity instead")
    .option(...identity)
    .option(...issuer)
    .option(...source)
    .option(...vendor)
    .option('--builder <URI>', 'what builds, for the provenance', 'urn:packet-capture:release:by-hand')
    .addOption(
      new Option('--scan <WHEN>', 'whether known vulnerabilities prevent it')
        .choices(['required', 'off'])
        .default('required'),
    )
    .option('--out <DIR>', 'folder for the chart, the SBOMs and release.json', 'dist')
    .option(...plainHttp)
    .action(async (flags: PublishFlags) => {
      const programs = await ensureReleasePrograms(stderrProgress, flags.scan === 'required');
      const record = await publish(
        {
          registry: { address: flags.registry, plainHttp: flags.plainHttp === true, crane: programs.crane },
          programs,
          ...signerOf(flags),
          origin: { commit: await commitOfSources(), ...originOf(flags) },
          builder: flags.builder,
          out: resolve(flags.out),
        },
        stderrProgress,
      );
      console.log(JSON.stringify(record, undefined, 2));
    });

  program
    .command('verify')
    .description('verify a release in a registry: every byte, the signatures, SBOMs and provenance; prints its digests')
    .requiredOption(...registry)
    .option('--key <FILE>', 'the public key')
    .option(...identity)
    .option(...issuer)
    .option('--tag <VERSION>', 'the version', version)
    .option(...plainHttp)
    .action(async (flags: VerifyFlags) => {
      const [crane, cosign] = [await ensureCrane(stderrProgress), await ensureCosign(stderrProgress)];
      const trusted = trustedOf(flags);
      if (trusted === undefined) throw codedError('USAGE', 'needs --key, or --identity and --issuer');
      const plain = flags.plainHttp === true;
      const record = await verifyRelease(
        { address: flags.registry, plainHttp: plain, crane },
        { cosign, plainHttp: plain },
        trusted,
        stderrProgress,
        flags.tag,
      );
      console.log(JSON.stringify(record, undefined, 2));
    });

  program
    .command('notes')
    .description('print the part of CHANGELOG.md about this version')
    .action(async () => {
      process.stdout.write(await currentNotes());
    });
}

function signerOf(flags: PublishFlags): { signer: Signer; trusted?: Trusted } {
  const { key, keyless, passwordFile } = flags;
  if (keyless === true) {
    const trusted = trustedOf({ ...flags, key: undefined });
    if (key !== undefined || trusted === undefined)
      throw codedError('USAGE', '--keyless needs --identity and --issuer, and no --key');
    return { signer: 'keyless', trusted };
  }
  if (key === undefined) throw codedError('USAGE', 'needs --key, or --keyless');
  return { signer: { key, ...(passwordFile === undefined ? {} : { passwordFile }) } };
}

function trustedOf(flags: { [K in keyof TrustFlags]: TrustFlags[K] | undefined }): Trusted | undefined {
  const { key, identity: who, issuer: by } = flags;
  if (key !== undefined) return { key };
  return who === undefined || by === undefined ? undefined : { identity: who, issuer: by };
}
