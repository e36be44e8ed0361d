import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { Argument, Command } from 'commander';
import { errorTable, formatError, isCodedError } from '../src/errors.ts';
import { benchAgent } from '../test/bench/agent.ts';
import { benchCommandLine } from '../test/bench/commandLine.ts';
import type { Figure } from '../test/bench/figure.ts';
import { benchImage } from '../test/bench/image.ts';
import { benchInjector } from '../test/bench/injector.ts';
import { benchManifest } from '../test/bench/manifest.ts';
import { benchRelease } from '../test/bench/release.ts';
import { checkMachine } from './cluster/requirements.ts';

const benches = { 'command-line': benchCommandLine, manifest: benchManifest, image: benchImage, agent: benchAgent, injector: benchInjector, release: benchRelease } as const;
type Name = keyof typeof benches;

const document = new URL('../docs/figures.md', import.meta.url);

const program = new Command('npm run bench --')
  .description('Measures what docs/figures.md says, and writes it there')
  .addArgument(new Argument('[names...]', 'which; all unless told').choices(Object.keys(benches)))
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(async (names: Name[]) => {
    await checkMachine();
    for (const name of names.length > 0 ? names : (Object.keys(benches) as Name[])) {
      const section = formatSection(await benches[name]());
      console.log(section);
      await writeSection(name, section);
    }
  });

function formatSection(figures: readonly Figure[]): string {
  const machine = `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown processor'}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
  const rows = figures.map(({ what, measured, goal, beside }) => `| ${what} | ${measured} | ${goal} | ${beside} |`);
  return [machine, '', '| what | measured | goal | beside it, in the same run |', '|---|---|---|---|', ...rows].join('\n');
}

async function writeSection(name: Name, section: string): Promise<void> {
  const text = await readFile(document, 'utf8');
  const [start, end] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];
  const [before = '', rest = ''] = text.split(start);
  const after = rest.slice(rest.indexOf(end));
  if (!after.startsWith(end)) throw new Error(`docs/figures.md has no place for ${name}`);
  await writeFile(document, before + start + section + after);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(isCodedError(error) ? formatError(error) : error);
  process.exitCode = isCodedError(error) ? errorTable[error.code].exit : 1;
}
