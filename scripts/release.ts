import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { errorTable, formatError, isCodedError } from '../src/errors.ts';
import { stderrProgress } from './cluster/progress.ts';
import { buildRelease } from './release/buildRelease.ts';
import { commitOfSources } from './release/commit.ts';
import { addImageCommands } from './release/imageCommands.ts';
import { addPublishCommands } from './release/publishCommands.ts';
import { parts, releaseFiles, type Part } from './release/releaseFiles.ts';
import { addVerifyCommands } from './release/verifyCommands.ts';

const program = new Command('npm run release --')
  .description('What users download. The same commit gives the same bytes.')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

interface BuildFlags {
  readonly out: string;
  readonly only: readonly Part[];
  readonly url?: string;
  readonly dryRun?: true;
}

program
  .command('build')
  .description('build the npm package, an archive with an executable for each platform, and their checksums')
  .option('--out <DIR>', 'folder for them', 'dist')
  .option('--only <PARTS>', `a part of ${parts.join(',')}`, readParts, parts)
  .option('--url <URL>', "where the archives will be downloaded from: also writes krew's manifest")
  .option('--dry-run', 'only print the paths of the files')
  .action(async ({ out, only, url, dryRun }: BuildFlags) => {
    const options = { parts: only, ...(url === undefined ? {} : { url }) };
    const files =
      dryRun === true
        ? releaseFiles(options).map((name) => resolve(out, name))
        : await buildRelease(resolve(out), await commitOfSources(), options, stderrProgress);
    for (const file of files) console.log(file);
  });

function readParts(text: string): Part[] {
  const names = text.split(',');
  const unknown = names.find((name) => !parts.some((part) => part === name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no ${unknown}; there are ${parts.join(', ')}.`);
  return parts.filter((part) => names.includes(part));
}

addImageCommands(program);
addPublishCommands(program);
addVerifyCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(isCodedError(error) ? formatError(error) : error);
  process.exitCode = isCodedError(error) ? errorTable[error.code].exit : 1;
}
