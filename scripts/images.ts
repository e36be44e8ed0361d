import { Argument, Command } from 'commander';
import { errorTable, formatError, isCodedError } from '../src/errors.ts';
import { stderrProgress } from './cluster/progress.ts';
import { checkMachine } from './cluster/requirements.ts';
import { ensureAgentImage, ensureInjectorImage, ensureSlimAgentImage } from './images/images.ts';
import { saveImage } from './images/save.ts';
import { ensureCliImage } from './release/cliImage.ts';

const builders = {
  agent: ensureAgentImage,
  'agent-slim': ensureSlimAgentImage,
  injector: ensureInjectorImage,
  cli: ensureCliImage,
} as const;
type Name = keyof typeof builders;

const names = new Argument('[names...]', 'which; all unless told').choices(Object.keys(builders));

const program = new Command('npm run images --')
  .description("The project's images, in buildah's local store")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command('build')
  .description('build what is not there yet; prints the names')
  .addArgument(names)
  .action(async (chosen: Name[]) => {
    for (const image of await buildAll(chosen)) console.log(image);
  });

program
  .command('save')
  .description('write docker archives for `docker load`, `ctr images import` or a registry client; prints their paths')
  .addArgument(names)
  .option('--out <DIR>', 'folder for them', '.')
  .action(async (chosen: Name[], { out }: { out: string }) => {
    for (const image of await buildAll(chosen)) console.log(await saveImage(image, out, stderrProgress));
  });

async function buildAll(chosen: readonly Name[]): Promise<string[]> {
  await checkMachine();
  const images: string[] = [];
  for (const name of chosen.length > 0 ? chosen : (Object.keys(builders) as Name[]))
    images.push(await builders[name](stderrProgress));
  return images;
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(isCodedError(error) ? formatError(error) : error);
  process.exitCode = isCodedError(error) ? errorTable[error.code].exit : 1;
}
