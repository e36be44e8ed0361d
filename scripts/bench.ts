import { readFile, writeFile } from 'node:fs/promises';
import { Argument, Command } from 'commander';
import { codedError, errorTable, formatError, isCodedError } from '../src/errors.ts';
import { benchAgent } from '../test/bench/agent.ts';
import { benchMirror } from '../test/bench/agent/mirror.ts';
import { benchCommandLine } from '../test/bench/commandLine.ts';
import { benchImage } from '../test/bench/image.ts';
import { benchInjector } from '../test/bench/injector.ts';
import { benchManifest } from '../test/bench/manifest.ts';
import { benchRelease } from '../test/bench/release.ts';
import { machineAndDate, type BenchOptions, type Findings } from '../test/support/bench/figure.ts';
import { checkMachine } from './cluster/requirements.ts';

const benches = {
  'command-line': benchCommandLine,
  manifest: benchManifest,
  image: benchImage,
  agent: benchAgent,
  mirror: benchMirror,
  injector: benchInjector,
  release: benchRelease,
} as const;
type Name = keyof typeof benches;

const document = new URL('../docs/figures.md', import.meta.url);

const program = new Command('npm run bench --')
  .description('Measures what docs/figures.md says, and writes it there')
  .addArgument(new Argument('[names...]', 'which; all unless told').choices(Object.keys(benches)))
  .option('--quick', 'agent: a few of the measurements, to try them out; writes nothing')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(async (names: Name[], { quick = false }: { readonly quick?: boolean }) => {
    await checkMachine();
    const options: BenchOptions = { quick, signal: interruption() };
    for (const name of names.length > 0 ? names : (Object.keys(benches) as Name[])) {
      const section = formatSection(await measure(name, options));
      console.log(section);
      if (!quick) await writeSection(name, section);
    }
  });

/** Ctrl-C ends the bench after it has cleaned up; a second one at once. */
function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130);
      interrupted.abort(signal);
    });
  }
  return interrupted.signal;
}

async function measure(name: Name, options: BenchOptions): Promise<Findings> {
  try {
    const found = await benches[name](options);
    return Array.isArray(found) ? { figures: found, plots: [] } : found;
  } catch (error) {
    if (!options.signal.aborted) throw error;
    throw codedError('INTERRUPTED', 'the bench was interrupted', { cause: error });
  }
}

function formatSection({ figures, plots }: Findings): string {
  const rows = figures.map(({ what, measured, goal, beside }) => `| ${what} | ${measured} | ${goal} | ${beside} |`);
  return [
    machineAndDate(),
    '',
    '| what | measured | goal | beside it, in the same run |',
    '|---|---|---|---|',
    ...rows,
    ...plots.flatMap(({ title, file }) => ['', `![${title}](${file})`]),
  ].join('\n');
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
