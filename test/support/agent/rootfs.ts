import { access, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../../../scripts/cluster/command.ts';
import { buildahEnvironment as environment, imageId } from '../../../scripts/cluster/images.ts';
import { withLock } from '../../../scripts/cluster/lock.ts';
import { cacheHome } from '../../../scripts/cluster/paths.ts';
import type { Progress } from '../../../scripts/cluster/progress.ts';
import { buildAgentImage } from '../../../scripts/images/agentImages.ts';

const image = 'localhost/packet-capture-agent:test';

/**
 * The file system of the agent's image as a folder, made from the sources as they are; beside it `/test/setpriv`, with
 * which the tests take the place of a container runtime.
 */
export async function agentRootfs(progress: Progress): Promise<string> {
  await buildAgentImage(image, progress);
  const id = await imageId(image);
  const folder = join(cacheHome(), 'agent-rootfs');
  const root = join(folder, id ?? '');
  await withLock(`${folder}.lock`, "the file system of the agent's image", progress, async () => {
    if (!(await exists(root))) await extract(folder, root);
  });
  return root;
}

/** Copies the image's files to `root` in `folder`. */
async function extract(folder: string, root: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await removeOld(folder);
  await rm(`${root}.unfinished`, { recursive: true, force: true });
  const { stdout: container } = await run(['buildah', 'from', '--pull-never', image], { env: environment });
  try {
    const { stdout: mounted } = await run(['buildah', 'mount', container], { env: environment });
    await run(['cp', '--archive', mounted, `${root}.unfinished`]);
  } finally {
    await run(['buildah', 'rm', container], { env: environment });
  }
  await addSetpriv(`${root}.unfinished`);
  const now = new Date();
  await utimes(`${root}.unfinished`, now, now);
  await rename(`${root}.unfinished`, root);
}

/** Leaves those of today: the tests of another checkout may be running on theirs. */
async function removeOld(folder: string): Promise<void> {
  const yesterday = Date.now() - 86_400_000;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if ((await stat(path)).mtimeMs < yesterday) await rm(path, { recursive: true });
  }
}

/** This machine's own setpriv with its libraries, started by its own loader, since the image has neither. */
async function addSetpriv(root: string): Promise<void> {
  const target = join(root, 'test');
  await mkdir(target);
  const { stdout } = await run(['ldd', '/usr/bin/setpriv']);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  const loader = libraries.find((path) => basename(path).startsWith('ld-')) ?? '';
  await run(['cp', '--dereference', '/usr/bin/setpriv', ...libraries, target]);
  await run(['cp', '--dereference', loader, join(target, 'ld.so')]);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
