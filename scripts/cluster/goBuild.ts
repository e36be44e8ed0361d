import { access, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { contained, run } from './command.ts';
import { type GoModule, buildArguments, buildEnvironment, cacheKey, goDirective } from './goModules.ts';
import { withLock } from './lock.ts';
import { cacheHome } from './paths.ts';
import { type Progress, step } from './progress.ts';
import { buildPackages, checkGo, ensurePackages, newestGo } from './requirements.ts';

const sources = join(import.meta.dirname, 'go');

/** The programs of a module: name -> path. */
export type Programs<M extends GoModule> = Readonly<Record<keyof M['programs'] & string, string>>;

/** Where the programs of a module are, or will be once built. */
export async function programPaths<M extends GoModule>(module: M): Promise<Programs<M>> {
  const folder = join(cacheHome(), await keyOf(module));
  const entries = Object.keys(module.programs).map((name) => [name, join(folder, name)]);
  return Object.fromEntries(entries) as Programs<M>;
}

/** Those of the modules of which a program is not in the cache. */
export async function unbuilt(modules: readonly GoModule[]): Promise<GoModule[]> {
  const built = await Promise.all(modules.map(isBuilt));
  return modules.filter((_, index) => !built[index]);
}

async function isBuilt(module: GoModule): Promise<boolean> {
  const paths = Object.values(await programPaths(module));
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

/**
 * Builds what the cache lacks. Each program appears in the cache whole or not at all; two runs do not build the same.
 * @throws REQUIREMENT_MISSING, one line, without a fit Go; CLUSTER_FAILED when a build fails.
 */
export async function ensureGoModules(modules: readonly GoModule[], progress: Progress): Promise<void> {
  const wanted = await unbuilt(modules);
  if (wanted.length === 0) return;
  await checkGoFor(wanted);
  await ensurePackages(buildPackages, progress);
  progress(`building ${wanted.map((module) => module.title).join(', ')} from source; kept in ${cacheHome()}`);
  await withLock(join(cacheHome(), 'go.lock'), 'the builds', progress, async () => {
    for (const module of wanted) await buildModule(module, progress);
  });
}

/** @throws REQUIREMENT_MISSING, one line, when Go is absent or older than one of the modules asks for. */
export async function checkGoFor(modules: readonly GoModule[]): Promise<void> {
  const goMods = await Promise.all(modules.map(({ folder }) => readFile(join(sources, folder, 'go.mod'), 'utf8')));
  const newest = newestGo(goMods.map(goDirective));
  if (newest !== undefined) await checkGo(newest);
}

async function buildModule(module: GoModule, progress: Progress): Promise<void> {
  const folder = join(cacheHome(), await keyOf(module));
  await mkdir(folder, { recursive: true });
  await removeUnfinished(folder);
  for (const [name, goPackage] of Object.entries(module.programs)) {
    const output = join(folder, name);
    if ((await stat(output).catch(() => undefined)) !== undefined) continue;
    const unfinished = `${output}${unfinishedSuffix}`;
    const argv = contained(['go', ...buildArguments(module, goPackage, unfinished)]);
    const options = { cwd: join(sources, module.folder), env: buildEnvironment(module) };
    await step(progress, `building ${name}`, () => run(argv, options));
    await rename(unfinished, output);
  }
}

const unfinishedSuffix = '.unfinished';

async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder);
  await Promise.all(names.filter((name) => name.endsWith(unfinishedSuffix)).map((name) => rm(join(folder, name))));
}

async function keyOf(module: GoModule): Promise<string> {
  const [goMod, goSum] = await Promise.all(
    ['go.mod', 'go.sum'].map((file) => readFile(join(sources, module.folder, file), 'utf8')),
  );
  return cacheKey(module, goMod ?? '', goSum ?? '', process.arch);
}
