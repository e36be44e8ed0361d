import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { execa } from 'execa';
import { root } from './images/root.ts';
import { packNpmPackage } from './release/npmPackage.ts';

const program = new Command('npm run release --')
  .description('What users download. The same commit gives the same bytes.')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command('build')
  .description('build the npm package; prints its path')
  .option('--out <DIR>', 'folder for it', 'dist')
  .action(async ({ out }: { out: string }) => {
    await mkdir(out, { recursive: true });
    console.log(await packNpmPackage(resolve(out), await commitOfSources()));
  });

/** The commit of the checkout; with what is not committed yet, it says so. */
async function commitOfSources(): Promise<string> {
  const git = async (...args: string[]): Promise<string> => (await execa('git', args, { cwd: root })).stdout;
  const changed = await git('status', '--porcelain');
  return `${await git('rev-parse', 'HEAD')}${changed === '' ? '' : '-changed'}`;
}

await program.parseAsync();
