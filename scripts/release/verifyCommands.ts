import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { stringify } from 'yaml';
import { version } from '../../src/version.ts';
import { stderrProgress } from '../cluster/progress.ts';
import { ensureCosign, ensureCrane } from '../cluster/tools.ts';
import { admissionPolicy } from './publish/admissionPolicy.ts';
import { verifyDownloads } from './publish/downloads.ts';
import { byDigest, type ReleaseRecord } from './publish/record.ts';
import { verifyRelease } from './publish/verify.ts';
import {
  identity,
  issuer,
  plainHttp,
  publicKey,
  registry,
  trustedOf,
  type RegistryFlags,
  type TrustFlags,
} from './registryFlags.ts';
import { sumsFile } from './releaseFiles.ts';

type VerifyFlags = RegistryFlags & TrustFlags;

/** Adds the commands for users of a release. */
export function addVerifyCommands(program: Command): void {
  program
    .command('verify')
    .description('verify a release in a registry: every byte, the signatures, SBOMs and provenance; prints its digests')
    .requiredOption(...registry)
    .option(...publicKey)
    .option(...identity)
    .option(...issuer)
    .option('--tag <VERSION>', 'the version', version)
    .addOption(
      new Option('--output <FORM>', "`json`, or `chart`: the chart's address by its digest, for helm")
        .choices(['json', 'chart'])
        .default('json'),
    )
    .option(...plainHttp)
    .action(async (flags: VerifyFlags & { readonly tag: string; readonly output: 'json' | 'chart' }) => {
      const [record] = await verified(flags, [flags.tag]);
      const chart = record === undefined ? '' : `oci://${byDigest(record.chart)}`;
      console.log(flags.output === 'chart' ? chart : JSON.stringify(record, undefined, 2));
    });

  program
    .command('admission')
    .description('verify releases, and print a policy for the API server that admits only their digests of the images')
    .requiredOption(...registry)
    .option(...publicKey)
    .option(...identity)
    .option(...issuer)
    .option('--tag <VERSIONS...>', 'the versions that are admitted', [version])
    .option(...plainHttp)
    .action(async (flags: VerifyFlags & { readonly tag: readonly string[] }) => {
      const objects = admissionPolicy(await verified(flags, flags.tag));
      process.stdout.write(objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n'));
    });

  program
    .command('verify-downloads')
    .description(`verify the signature of ${sumsFile}, and every file that it names; prints their names`)
    .option('--out <DIR>', 'folder of the files', 'dist')
    .option(...publicKey)
    .option(...identity)
    .option(...issuer)
    .action(async (flags: TrustFlags & { readonly out: string }) => {
      const cosign = await ensureCosign(stderrProgress);
      for (const name of await verifyDownloads(cosign, trustedOf(flags), resolve(flags.out))) console.log(name);
    });
}

async function verified(flags: VerifyFlags, tags: readonly string[]): Promise<ReleaseRecord[]> {
  const trusted = trustedOf(flags);
  const [crane, cosign] = [await ensureCrane(stderrProgress), await ensureCosign(stderrProgress)];
  const plain = flags.plainHttp === true;
  const place = { address: flags.registry, plainHttp: plain, crane };
  const records: ReleaseRecord[] = [];
  for (const tag of tags)
    records.push(await verifyRelease(place, { cosign, plainHttp: plain }, trusted, stderrProgress, tag));
  return records;
}
