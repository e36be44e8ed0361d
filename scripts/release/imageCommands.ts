import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { stderrProgress } from '../cluster/progress.ts';
import { ensureGoVulnerabilities } from '../cluster/tools.ts';
import { commitOfSources } from './commit.ts';
import { imageNames, writeReleaseImage } from './oci/releaseImages.ts';
import { originOf, source, vendor, type OriginFlags } from './originFlags.ts';
import { scanGoPrograms } from './publish/goScan.ts';
import { refuseFindings } from './publish/scan.ts';

/** Adds the commands that build images for all platforms, and look for known vulnerabilities in them. */
export function addImageCommands(program: Command): void {
  program
    .command('images')
    .description('build the images for all platforms as OCI layouts; prints the digest of each')
    .option('--out <DIR>', 'folder for them', 'dist/images')
    .addOption(new Option('--only <NAMES...>', 'which; all unless told').choices(imageNames).default(imageNames))
    .option(...source)
    .option(...vendor)
    .action(async ({ out, only, ...flags }: OriginFlags & { out: string; only: typeof imageNames }) => {
      const origin = { commit: await commitOfSources(), ...originOf(flags) };
      for (const name of only) {
        const layout = await writeReleaseImage(name, resolve(out, name), origin, stderrProgress);
        console.log(`${name} ${layout.digest}`);
      }
    });
  program
    .command('scan')
    .description('look for known vulnerabilities in the Go programs of the images; prints how many programs have none')
    .action(async () => {
      const vulnerabilities = await ensureGoVulnerabilities(stderrProgress);
      const { programs, findings } = await scanGoPrograms(vulnerabilities, stderrProgress);
      refuseFindings(findings);
      console.log(`${programs} programs, no known vulnerability that security/vex.openvex.json does not explain`);
    });
}
