import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, run } from '../../../scripts/cluster/command.ts';
import { packagesDate } from '../../../scripts/cluster/debian.ts';
import { withLock } from '../../../scripts/cluster/lock.ts';
import { cacheHome } from '../../../scripts/cluster/paths.ts';
import { step, type Progress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { localRegistry } from '../../../scripts/images/names.ts';
import { root } from '../../../scripts/images/root.ts';
import { version } from '../../../src/version.ts';

/**
 * The commits that stand for releases from before this one: nothing was published yet. Each is packaged as
 * `0.1.0-NAME`, which semantic versioning orders before 0.1.0, as the chart, the images and the command line have it.
 */
export const commitsBefore = {
  /** The last one whose pods have the agent in shell: it has no program that a command line could ask. */
  shell: 'a3791496d27624c0f6370e0d4fe9566613022afe',
  /** One of the first with the agent in Go, of before `keep` and `set`. */
  go: '45ecf1645f0141879d8d0be7b259aa2b6529d135',
} as const;

export type NameBefore = keyof typeof commitsBefore;

/** A release from before this one, packaged by its own scripts. */
export interface ReleaseBefore {
  readonly version: string;
  /** Its checkout with its packages: its command line runs from there. */
  readonly folder: string;
  /** Its chart, packaged by helm. */
  readonly chart: string;
  /** Archives of its agent's and its injector's image. */
  readonly archives: readonly string[];
  /** The name of its agent's image. */
  readonly agentImage: string;
}

function releaseBefore(name: NameBefore): ReleaseBefore {
  const versionBefore = `${version}-${name}`;
  const folder = join(cacheHome(), 'release-before', `${name}-${commitsBefore[name].slice(0, 12)}`);
  return {
    version: versionBefore,
    folder,
    chart: join(folder, `packet-capture-${versionBefore}.tgz`),
    archives: ['agent', 'injector'].map((image) =>
      join(folder, 'archives', `packet-capture-${image}-${versionBefore}.tar`),
    ),
    agentImage: `${localRegistry}/packet-capture/agent:${versionBefore}`,
  };
}

/** Why a release from before cannot be packaged here: a shallow clone lacks its commit. Undefined when it can. */
export async function missingCommit(name: NameBefore): Promise<string | undefined> {
  const commit = commitsBefore[name];
  if (await isPackaged(releaseBefore(name))) return undefined;
  const { exitCode } = await capture(['git', '-C', root, 'cat-file', '-e', `${commit}^{commit}`]);
  return exitCode === 0 ? undefined : `this clone lacks the commit ${commit}: fetch the whole history`;
}

/**
 * Packages a release from before into the cache, unless it is there: its files from Git, the packages of its lock file,
 * and chart and images by its own scripts. A minute, with one or two for its image when the agent is in Go.
 * @throws CLUSTER_FAILED with the last lines of what failed
 */
export async function ensureReleaseBefore(name: NameBefore, progress: Progress): Promise<ReleaseBefore> {
  const release = releaseBefore(name);
  const lock = join(cacheHome(), 'release-before.lock');
  await withLock(lock, 'the releases from before', progress, async () => {
    if (await isPackaged(release)) return;
    const unfinished = `${release.folder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await step(progress, `packaging the release ${release.version}`, () => packageRelease(name, unfinished, progress));
    await rename(unfinished, release.folder);
  });
  return release;
}

/** The folder gets its name when it is complete. */
async function isPackaged({ folder }: ReleaseBefore): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  );
}

async function packageRelease(name: NameBefore, folder: string, progress: Progress): Promise<void> {
  const files = join(folder, 'files.tar');
  await run(['git', '-C', root, 'archive', '--format=tar', '-o', files, commitsBefore[name]]);
  await run(['tar', '-C', folder, '-xf', files]);
  await rm(files);
  // npm hands its own prefix on to what it starts.
  await run(['npm', 'ci', '--prefix', folder, '--silent', '--ignore-scripts'], { cwd: folder });
  await setVersion(folder, `${version}-${name}`);
  // The base image that this release has: otherwise each of the two would replace the other's.
  const env = { PACKET_CAPTURE_PACKAGES_DATE: packagesDate };
  const script = async (...args: readonly string[]): Promise<unknown> =>
    run([process.execPath, ...args], { cwd: folder, env });
  await script('scripts/chart.ts');
  await script('scripts/images.ts', 'save', 'agent', 'injector', '--out', 'archives');
  // The command line needs a tenth of the packages.
  await run(['npm', 'prune', '--prefix', folder, '--silent', '--ignore-scripts', '--omit=dev', '--omit=optional']);
  await run([await ensureHelm(4, progress), 'package', 'chart', '--destination', folder], { cwd: folder });
}

/** Where a release has its version; the agent's is in one of two places. */
const versionFiles = [
  'package.json',
  'src/version.ts',
  'images/agent/library/status.sh',
  'agent/internal/version/version.go',
];

async function setVersion(folder: string, wanted: string): Promise<void> {
  for (const path of versionFiles.map((file) => join(folder, file))) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) await writeFile(path, text.replace(version, wanted));
  }
}
