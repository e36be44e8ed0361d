import { createHash } from 'node:crypto';
import { access, mkdir, open, readFile, readdir, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { codedError } from '../../src/errors.ts';
import { capture, contained, run } from './command.ts';
import { absentSuites, furtherSources, listSources, packagesDate, packagesLabel, suite, upgrade } from './debian.ts';
import { programPaths } from './goBuild.ts';
import { containerdOf } from './goModules.ts';
import { withLock } from './lock.ts';
import { versionsOf } from './nodeVersions.ts';
import { type ClusterHandle, cacheHome } from './paths.ts';
import { type Progress, step } from './progress.ts';
import { snapshotterFor } from './snapshotter.ts';

/**
 * What stands for the official image that the Dockerfiles start from unless told another, made with debootstrap, since
 * there may be no registry within reach. The name is our own: nothing here passes for what others have published.
 */
export const baseImage = `localhost/packet-capture/debian:${suite}`;

/** vfs and chroot work everywhere, also in containers and without user namespaces. */
export const buildahEnvironment = { STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' };

/** Label of an image that says from what it was built. */
const contentLabel = 'packet-capture.content';

/** How an image is built from a folder with a Dockerfile. */
export interface ImageOptions {
  /** The images that it starts from, by the Dockerfile's argument; BASE is {@link baseImage} unless told. */
  readonly bases?: Readonly<Record<string, string>>;
  /** Further arguments of the Dockerfile, which do not change what is built. */
  readonly arguments?: Readonly<Record<string, string>>;
  /** The stage to build; the last one unless told. */
  readonly target?: string;
  /** The Dockerfile's argument ARCH, for an image that is not for this machine's architecture. */
  readonly architecture?: string;
  /** Folders of this machine that the build may read, `FOLDER:PLACE:ro`; they do not change what is built. */
  readonly volumes?: readonly string[];
  /** Which of the folder's files are part of the image; all unless told. */
  readonly isPart?: (path: string) => boolean;
}

/**
 * Builds `dir`/Dockerfile as `tag` into buildah's local store, unless that very content was built already.
 * @returns the full name of the image, see {@link fullName}
 * @throws CLUSTER_FAILED with buildah's last lines.
 */
export async function buildImage(
  dir: string,
  tag: string,
  progress: Progress,
  options: ImageOptions = {},
): Promise<string> {
  await ensureBaseImage(progress);
  const { bases = {}, target, architecture, volumes = [], isPart } = options;
  const images = Object.entries({ BASE: baseImage, ...bases });
  const ids = await Promise.all(images.map(async ([, image]) => (await imageId(image)) ?? ''));
  const name = fullName(tag);
  const chosen = [target, architecture].filter((choice) => choice !== undefined);
  const content = await contentHash(dir, [ids.join(' '), ...chosen].join(' '), isPart);
  await unlessBuilt(name, content, progress, async () => {
    const further = { ...options.arguments, ...(architecture === undefined ? {} : { ARCH: architecture }) };
    const values = [...images, ...Object.entries(further)].map(([key, value]) => `${key}=${value}`);
    const labels = [`${contentLabel}=${content}`, `${packagesLabel}=${packagesDate}`];
    const bud = [
      'bud',
      '--network',
      'host',
      '--pull=never',
      ...labels.flatMap((label) => ['--label', label]),
      ...values.flatMap((value) => ['--build-arg', value]),
      ...volumes.flatMap((volume) => ['--volume', volume]),
      ...(target === undefined ? [] : ['--target', target]),
      '-t',
      name,
      dir,
    ];
    await step(progress, `building image ${name}`, () =>
      run(contained(['buildah', ...bud]), { env: buildahEnvironment }),
    );
  });
  return name;
}

/** Runs `build`, which is to make an image with this label, unless it is there; one build at a time on this machine. */
export async function unlessBuilt(
  name: string,
  content: string,
  progress: Progress,
  build: () => Promise<void>,
): Promise<void> {
  const isBuilt = async (): Promise<boolean> => (await labelOf(name)) === content;
  if (await isBuilt()) return;
  await withImagesLock(progress, async () => {
    // Asked once more under the lock: it may have been built while this run waited for it.
    if (!(await isBuilt())) await build();
  });
}

/** The label for {@link unlessBuilt}, as an argument of `buildah bud`. */
export function contentArgument(content: string): string[] {
  return ['--label', `${contentLabel}=${content}`];
}

/** Builds one of the images of this folder's `images/` under `tag`. */
export async function ensureNodeImage(
  name: 'nginx' | 'pause' | 'tcpdump',
  tag: string,
  progress: Progress,
): Promise<string> {
  return buildImage(join(import.meta.dirname, 'images', name), tag, progress);
}

const bootstrap = ['debootstrap', '--variant=minbase', '--include=ca-certificates', suite];

/**
 * What the slim image leaves out as well, and what debootstrap kept for itself. The slim image does keep every
 * package's copyright file: images made from it need them.
 */
const leftOut = [
  ...[
    'var/cache/apt',
    'var/lib/apt/lists',
    'var/log',
    'usr/share/man',
    'usr/share/locale',
    'usr/share/info',
    'dev',
    'proc',
    'sys',
    'debootstrap',
  ].map((path) => `./${path}/*`),
  './usr/share/doc/*/changelog*',
];

/**
 * Makes Debian trixie, with what its security team has mended until {@link packagesDate}, in buildah's local store,
 * unless it is there.
 * @throws CLUSTER_FAILED with debootstrap's last lines.
 */
export async function ensureBaseImage(progress: Progress): Promise<void> {
  const recipe = createHash('sha256')
    .update(JSON.stringify([bootstrap, leftOut, upgrade, packagesDate]))
    .digest('hex')
    .slice(0, 32);
  await unlessBuilt(baseImage, recipe, progress, async () => {
    const folder = join(cacheHome(), 'images', 'base');
    // What a run that was killed left there.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    try {
      await step(progress, `installing Debian trixie for ${baseImage}`, () => debootstrap(folder));
      const labels = [...contentArgument(recipe), '--label', `${packagesLabel}=${packagesDate}`];
      const bud = ['buildah', 'bud', '--network', 'host', ...labels, '-t', baseImage, folder];
      const { stdout } = await step(progress, `making image ${baseImage}`, () =>
        run(contained(bud), { env: buildahEnvironment }),
      );
      for (const name of absentSuites(stdout)) progress(`${baseImage} is without ${name}: there is no source for it`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** Leaves rootfs.tar, the further sources, what upgrades them and a Dockerfile in `folder`. */
async function debootstrap(folder: string): Promise<void> {
  const root = join(folder, 'rootfs');
  await run(contained([...bootstrap, root]));
  const installed = await readFile(join(root, 'etc/apt/sources.list'), 'utf8');
  const exclude = leftOut.map((pattern) => `--exclude=${pattern}`);
  await run(['tar', '-C', root, '--numeric-owner', ...exclude, '-cf', join(folder, 'rootfs.tar'), '.']);
  await rm(root, { recursive: true });
  const lists = join(folder, 'sources');
  await mkdir(lists);
  for (const [name, text] of await sourcesFor(installed)) await writeFile(join(lists, `${name}.list`), text);
  await writeFile(join(folder, 'upgrade'), upgrade);
  await writeFile(
    join(folder, 'Dockerfile'),
    'FROM scratch\nADD rootfs.tar /\nCOPY sources /etc/apt/sources.list.d\nCOPY upgrade /tmp/upgrade\nRUN sh /tmp/upgrade && rm /tmp/upgrade\nCMD ["bash"]\n',
  );
}

async function sourcesFor(installed: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await capture(listSources);
  return furtherSources(installed, stdout);
}

/**
 * Gives the node an image: a name from buildah's local store, or the path of a docker or OCI archive.
 * An image that the node has already is not sent again.
 * @throws NOT_FOUND when there is neither; CLUSTER_FAILED when containerd refuses it.
 */
export async function loadImage(handle: ClusterHandle, image: string, progress: Progress): Promise<void> {
  const { ctr } = await programPaths(containerdOf((await versionsOf(handle)).containerd));
  const images = [ctr, `--address=${handle.containerdSocket}`, '--namespace=k8s.io', 'images'];
  // Unpacked by ctr itself: containerd's own transfer service knows overlays alone.
  const importArchive = [...images, 'import', '--local', '--snapshotter', await snapshotterFor(handle)];
  if (await isFile(image)) {
    await step(progress, `loading ${image}`, () => run([...importArchive, image]));
    return;
  }
  // A name without a registry is `localhost/…` when somebody built it by hand.
  const id = (await imageId(fullName(image))) ?? (await imageId(image));
  if (id === undefined) {
    throw codedError('NOT_FOUND', `no image ${image} in buildah's local store, and no such file`, {
      hint: 'Build it with STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot buildah bud.',
    });
  }
  const name = fullName(image);
  const label = `packet-capture.id=${id}`;
  if ((await run([...images, 'list', `name==${name}`])).stdout.includes(label)) return;
  await step(progress, `loading ${name}`, async () => {
    const file = await archive(name, id, progress);
    try {
      // Not by its name: another checkout, with an image of this name too, may take the file away meanwhile.
      await run([...importArchive, `/proc/${process.pid}/fd/${file.fd}`]);
    } finally {
      await file.close();
    }
    await run([...images, 'label', name, label]);
  });
}

/** The archive of an image in the cache, to be closed by who reads it; one of each name is kept. */
async function archive(name: string, id: string, progress: Progress): Promise<FileHandle> {
  const folder = join(cacheHome(), 'images');
  const prefix = `${name.replaceAll(/[^\w.-]/g, '_')}@`;
  const path = join(folder, `${prefix}${id}.tar`);
  const there = async (): Promise<FileHandle | undefined> => open(path).catch(() => undefined);
  return (
    (await there()) ??
    withImagesLock(progress, async () => {
      const made = await there();
      if (made !== undefined) return made;
      const old = (await readdir(folder)).filter((entry) => entry.startsWith(prefix));
      await Promise.all(old.map((entry) => rm(join(folder, entry))));
      const unfinished = `${path}.unfinished`;
      await run(contained(['buildah', 'push', id, `docker-archive:${unfinished}:${name}`]), {
        env: buildahEnvironment,
      });
      await rename(unfinished, path);
      return open(path);
    })
  );
}

/** What Kubernetes makes of an image name: `nginx:1.7.9` is `docker.io/library/nginx:1.7.9`. */
export function fullName(image: string): string {
  const tagged = /:[^/]+$/.test(image) ? image : `${image}:latest`;
  const [first = ''] = tagged.split('/');
  if (!tagged.includes('/')) return `docker.io/library/${tagged}`;
  return /[.:]/.test(first) || first === 'localhost' ? tagged : `docker.io/${tagged}`;
}

/** Id of an image in buildah's local store. */
export async function imageId(image: string): Promise<string | undefined> {
  return inspectImage(image, '{{.FromImageID}}');
}

async function labelOf(image: string): Promise<string | undefined> {
  return inspectImage(image, `{{index .OCIv1.Config.Labels "${contentLabel}"}}`);
}

async function inspectImage(image: string, format: string): Promise<string | undefined> {
  const inspect = ['buildah', 'inspect', '--type', 'image', '--format', format, image];
  const { exitCode, stdout } = await capture(inspect, { env: buildahEnvironment });
  return exitCode === 0 ? stdout.trim() : undefined;
}

/** Changes with any file of a folder that is part of it (path, content, executable bit) and with the base image. */
export async function contentHash(
  dir: string,
  baseId: string,
  isPart: (path: string) => boolean = () => true,
): Promise<string> {
  const hash = createHash('sha256').update(baseId);
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.filter((file) => isPart(file.slice(dir.length + 1))).toSorted()) {
    const executable = ((await stat(path)).mode & 0o111) !== 0;
    hash.update(`\0${path.slice(dir.length)}\0${executable}\0`).update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 32);
}

async function isFile(path: string): Promise<boolean> {
  return access(path).then(
    async () => (await stat(path)).isFile(),
    () => false,
  );
}

async function withImagesLock<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
  await mkdir(join(cacheHome(), 'images'), { recursive: true });
  return withLock(join(cacheHome(), 'images.lock'), 'the images', progress, work);
}
