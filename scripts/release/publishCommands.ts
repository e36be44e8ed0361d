import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { execa } from 'execa';
import { stderrProgress } from '../cluster/progress.ts';
import { ensureCosign, ensureCrane, ensureGoVulnerabilities, ensureReleasePrograms } from '../cluster/tools.ts';
import { commitOfSources } from './commit.ts';
import { originOf, source, vendor, type OriginFlags } from './originFlags.ts';
import { currentNotes } from './publish/chart.ts';
import { signDownloads } from './publish/downloads.ts';
import { publish } from './publish/publish.ts';
import {
  identity,
  issuer,
  keyless,
  passwordFile,
  plainHttp,
  privateKey,
  registry,
  signerOf,
  type RegistryFlags,
  type SignerFlags,
} from './registryFlags.ts';
import { sumsFile } from './releaseFiles.ts';

interface PublishFlags extends OriginFlags, SignerFlags, RegistryFlags {
  readonly builder: string;
  readonly scan: 'all' | 'go' | 'off';
  readonly out: string;
}

/** Adds the commands that sign, and write to a registry. */
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
    .option(...privateKey)
    .option(...passwordFile)
    .option(...keyless)
    .option(...identity)
    .option(...issuer)
    .option(...source)
    .option(...vendor)
    .option('--builder <URI>', 'what builds, for the provenance', 'urn:packet-capture:release:by-hand')
    .addOption(
      new Option('--scan <WHAT>', 'what known vulnerabilities prevent it: of all parts, or of the Go programs alone')
        .choices(['all', 'go', 'off'])
        .default('all'),
    )
    .option('--out <DIR>', 'folder for the chart, the SBOMs and release.json', 'dist')
    .option(...plainHttp)
    .action(async (flags: PublishFlags) => {
      const programs = await ensureReleasePrograms(stderrProgress, flags.scan === 'all');
      const vulnerabilities = flags.scan === 'off' ? undefined : await ensureGoVulnerabilities(stderrProgress);
      const record = await publish(
        {
          registry: { address: flags.registry, plainHttp: flags.plainHttp === true, crane: programs.crane },
          programs,
          ...(vulnerabilities === undefined ? {} : { vulnerabilities }),
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
    .command('sign-downloads')
    .description(`sign the ${sumsFile} that \`build\` wrote, and verify it; prints the path of the signature`)
    .option('--out <DIR>', 'folder of the files', 'dist')
    .option(...privateKey)
    .option(...passwordFile)
    .option(...keyless)
    .option(...identity)
    .option(...issuer)
    .action(async (flags: SignerFlags & { readonly out: string }) => {
      const cosign = await ensureCosign(stderrProgress);
      const { signer, trusted } = signerOf(flags);
      console.log(join(flags.out, await signDownloads(cosign, signer, trusted, resolve(flags.out))));
    });

  program
    .command('notes')
    .description('print the part of CHANGELOG.md about this version')
    .action(async () => {
      process.stdout.write(await currentNotes());
    });
}
