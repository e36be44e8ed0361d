import { access, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { contained, run } from './command.ts';
import { type GoModule, buildArguments, buildEnvironment, cacheKey, goDirective } from './goModules.ts';
import { withLock } from './lock.ts';
import { cacheHome } from './paths.ts';
import { type Progress, step } from './progress.ts';
import { buildPackages, checkGo, ensurePackages, newestGo } from './requirements.ts';

/** One folder a Go module. */
export const moduleSources = join(import.meta.dirname, 'go');

/** The programs of a module: name -> path. */
export type Programs<M extends GoModule> = Readonly<Record<keyof M['programs'] & string, string>>;

/** Where the programs of a module are, or will be once built. */
export async function programPaths<M extends GoModule>(module: M): Promise<Programs<M>> {
  const folder = join(cacheHome(), await keyOf(module));
  const entries = Object.keys(module.programs).map((name) => [name, join(folder, name)]);
  return Object.fromEntries(entries) as Programs<M>;
}

/** Those of the modules of which a program is not in the cache. @param only these programs count; unless told, all */
export async function unbuilt(modules: readonly GoModule[], only?: readonly string[]): Promise<GoModule[]> {
  const built = await Promise.all(modules.map(async (module) => isBuilt(module, only)));
  return modules.filter((_, index) => !built[index]);
}

async function isBuilt(module: GoModule, only: readonly string[] = Object.keys(module.programs)): Promise<boolean> {
  const paths = await programPaths(module);
  const found = await Promise.all(
    only
      .map((name) => paths[name] ?? '')
      .map((path) =>
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
 * @param only these programs of the modules; unless told, all
 * @throws REQUIREMENT_MISSING, one line, without a fit Go; CLUSTER_FAILED when a build fails.
 */
export async function ensureGoModules(
  modules: readonly GoModule[],
  progress: Progress,
  only?: readonly string[],
): Promise<void> {
  const wanted = await unbuilt(modules, only);
  if (wanted.length === 0) return;
  await checkGoFor(wanted);
  await ensurePackages(buildPackages, progress);
  progress(`building ${wanted.map((module) => module.title).join(', ')} from source; kept in ${cacheHome()}`);
  await withLock(join(cacheHome(), 'go.lock'), 'the builds', progress, async () => {
    for (const module of wanted) await buildModule(module, progress, only);
  });
}

/** @throws REQUIREMENT_MISSING, one line, when Go is absent or older than one of the modules asks for. */
export async function checkGoFor(modules: readonly GoModule[]): Promise<void> {
  const goMods = await Promise.all(
    modules.map(({ folder }) => readFile(join(moduleSources, folder, 'go.mod'), 'utf8')),
  );
  const newest = newestGo(goMods.map(goDirective));
  if (newest !== undefined) await checkGo(newest);
}

async function buildModule(module: GoModule, progress: Progress, only?: readonly string[]): Promise<void> {
  const folder = join(cacheHome(), await keyOf(module));
  await mkdir(folder, { recursive: true });
  await removeUnfinished(folder);
  for (const [name, goPackage] of Object.entries(module.programs)) {
    if (only?.includes(name) === false) continue;
    const output = join(folder, name);
    if ((await stat(output).catch(() => undefined)) !== undefined) continue;
    const unfinished = `${output}${unfinishedSuffix}`;
    const argv = contained(['go', ...buildArguments(module, goPackage, unfinished)]);
    const options = { cwd: join(moduleSources, module.folder), env: buildEnvironment(module) };
    await step(progress, `building ${name}`, () => run(argv, options));
    await rename(unfinished, output);
  }
}

/**
 * The sources of a module that `module` uses, in Go's cache; they are fetched there if it lacks them.
 * @param path of the used module: `github.com/fluxcd/source-controller`
 * @throws CLUSTER_FAILED when they cannot be fetched.
 */
export async function moduleFolder(module: GoModule, path: string): Promise<string> {
  const options = { cwd: join(moduleSources, module.folder), env: buildEnvironment(module) };
  const { stdout } = await run(['go', 'mod', 'download', '-json', path], options);
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir;
}

const unfinishedSuffix = '.unfinished';

async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder);
  await Promise.all(names.filter((name) => name.endsWith(unfinishedSuffix)).map((name) => rm(join(folder, name))));
}

async function keyOf(module: GoModule): Promise<string> {
  const [goMod, goSum] = await Promise.all(
    ['go.mod', 'go.sum'].map((file) => readFile(join(moduleSources, module.folder, file), 'utf8')),
  );
  return cacheKey(module, goMod ?? '', goSum ?? '', process.arch);
}
