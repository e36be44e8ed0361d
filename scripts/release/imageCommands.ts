import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { stderrProgress } from '../cluster/progress.ts';
import { commitOfSources } from './commit.ts';
import { imageNames, writeReleaseImage } from './oci/releaseImages.ts';
import { originOf, source, vendor, type OriginFlags } from './originFlags.ts';

/** Adds the command that builds images for all platforms. */
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
}
