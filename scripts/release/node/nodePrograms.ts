import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { codedError } from '../../../src/errors.ts';
import { cacheHome } from '../../cluster/paths.ts';
import { step, type Progress } from '../../cluster/progress.ts';
import { root } from '../../images/root.ts';
import { inTemporaryFolder } from '../../images/temporaryFolder.ts';
import { platforms, type Platform } from '../platforms.ts';

/** Node for a platform, as it comes. */
export interface NodeProgram {
  /** Of the program. */
  readonly path: string;
  /** Of its licence's text, which is the same for all platforms: the package for Windows has none. */
  readonly license: string;
  readonly version: string;
}

/**
 * Node for a platform, of the version that package-lock.json has, with its checksum. npm fetches it, unless the cache
 * has it.
 * @throws REQUIREMENT_MISSING when npm does not give it; Error when it gives other bytes.
 */
export async function ensureNodeProgram(platform: Platform, progress: Progress): Promise<NodeProgram> {
  const { nodePackage, nodePath } = platform;
  const { version, integrity } = await locked(nodePackage);
  const folder = join(cacheHome(), 'node', `${nodePackage}-${createHash('sha256').update(integrity).digest('hex')}`);
  const hasLicense = platform.os === 'linux';
  const license = hasLicense
    ? join(folder, 'LICENSE')
    : (await ensureNodeProgram(platforms['linux-amd64'], progress)).license;
  const files = { path: join(folder, nodePath), license, version };
  if (await exists(folder)) return files;
  const from = `${nodePackage}@${version}`;
  await step(progress, `fetching ${from}`, () =>
    inTemporaryFolder(async (temporary) => {
      const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', temporary, from], {
        cwd: root,
      }).catch((cause: unknown) => {
        throw codedError('REQUIREMENT_MISSING', `needs the npm package ${from}, which npm cannot fetch`, { cause });
      });
      const archive = join(temporary, fileNamed(stdout));
      const [kind = ''] = integrity.split('-');
      const found = `${kind}-${createHash(kind)
        .update(await readFile(archive))
        .digest('base64')}`;
      if (found !== integrity) throw new Error(`${from} is ${found}, not ${integrity} as in package-lock.json`);
      const unfinished = `${folder}.${process.pid}`;
      await rm(unfinished, { recursive: true, force: true });
      await mkdir(unfinished, { recursive: true });
      const parts = [`package/${nodePath}`, ...(hasLicense ? ['package/LICENSE'] : [])];
      await execa('tar', ['-xzf', archive, '-C', unfinished, '--strip-components=1', ...parts]);
      await rm(folder, { recursive: true, force: true });
      await rename(unfinished, folder);
    }),
  );
  return files;
}

/**
 * The program that runs this one, which has to be of the version of the executables: it makes and compresses them.
 * @throws REQUIREMENT_MISSING
 */
export async function checkOwnNode(): Promise<void> {
  const { version } = await locked(platforms['linux-amd64'].nodePackage);
  if (process.versions.node === version) return;
  throw codedError('REQUIREMENT_MISSING', `needs Node ${version}; this is Node ${process.versions.node}`, {
    hint: 'Run npm ci, which brings it; `npm run` finds it.',
  });
}

async function locked(name: string): Promise<{ readonly version: string; readonly integrity: string }> {
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { readonly version: string; readonly integrity: string }>;
  };
  const entry = packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json has no ${name}`);
  return entry;
}

/** npm prints an array, or from version 12 on an object by name. */
function fileNamed(json: string): string {
  const [packed] = Object.values(JSON.parse(json) as Record<string, { readonly filename: string }>);
  return packed?.filename ?? '';
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
