import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { codedError } from '../../src/errors.ts';
import { run } from './command.ts';
import { moduleSources } from './goBuild.ts';
import { cacheHome } from './paths.ts';
import { type Progress, step } from './progress.ts';

/** A version of a Go module. */
export interface ModuleVersion {
  readonly module: string;
  readonly version: string;
  /** As go.sum has it: `h1:…`. */
  readonly sum: string;
}

/**
 * A file of a Go module, as text; the cache keeps it. A module that is not among the user's is downloaded, and only the
 * file stays.
 * @param path from the folder of the module
 * @throws CLUSTER_FAILED when the module is not served, or is another one than its sum says
 */
export async function moduleFile(wanted: ModuleVersion, path: string, progress: Progress): Promise<string> {
  const kept = join(cacheHome(), 'module-files', wanted.sum.replaceAll(/[^\w]/g, '-'), path);
  const present = await readFile(kept, 'utf8').catch(() => undefined);
  if (present !== undefined) return present;
  const { module, version } = wanted;
  const text = await step(progress, `reading ${path} of ${module} ${version}`, () => readModule(wanted, path));
  await mkdir(dirname(kept), { recursive: true });
  const unfinished = `${kept}.${process.pid}.unfinished`;
  await writeFile(unfinished, text);
  await rename(unfinished, kept);
  return text;
}

async function readModule(wanted: ModuleVersion, path: string): Promise<string> {
  const own = await download(wanted, { GOPROXY: 'off' });
  if (own !== undefined) return readFile(join(checked(own, wanted), path), 'utf8');
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-module-'));
  try {
    const found = await download(wanted, { GOMODCACHE: folder, GOFLAGS: '-mod=mod -modcacherw' });
    if (found === undefined) {
      throw codedError('CLUSTER_FAILED', `${wanted.module} ${wanted.version} is not served as a Go module`);
    }
    return await readFile(join(checked(found, wanted), path), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Downloaded {
  readonly Dir: string;
  readonly Sum: string;
}

function checked({ Dir: folder, Sum: sum }: Downloaded, wanted: ModuleVersion): string {
  if (sum === wanted.sum) return folder;
  throw codedError('CLUSTER_FAILED', `${wanted.module} ${wanted.version} has the sum ${sum}, not ${wanted.sum}`);
}

async function download(
  { module, version }: ModuleVersion,
  env: Readonly<Record<string, string>>,
): Promise<Downloaded | undefined> {
  const argv = ['go', 'mod', 'download', '-json', `${module}@${version}`];
  const options = { cwd: moduleSources, env: { GOFLAGS: '-mod=mod', GOWORK: 'off', ...env }, exitCodes: [0, 1] };
  const { exitCode, stdout } = await run(argv, options);
  return exitCode === 0 ? (JSON.parse(stdout) as Downloaded) : undefined;
}
