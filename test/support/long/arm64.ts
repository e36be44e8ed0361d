import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../scripts/cluster/command.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensurePackages } from '../../../scripts/cluster/requirements.ts';

/** Debian's packages of arm64, as this machine's apt finds them. */
export interface Arm64Packages {
  /** The names of the packages that one depends on. */
  readonly dependencies: (name: string) => Promise<string[]>;
  /** Fetches packages, without those that they depend on, and unpacks them. @param root which is made */
  readonly unpack: (names: readonly string[], root: string) => Promise<void>;
  /** The same with those that they depend on. */
  readonly unpackAll: (names: readonly string[], root: string) => Promise<void>;
}

/**
 * This machine's apt for arm64, with lists of its own, so that the machine knows as before of one architecture alone.
 * @param folder for the lists, which is made
 */
export async function openArm64Packages(folder: string): Promise<Arm64Packages> {
  const place = (name: string): string => join(folder, name);
  for (const name of ['lists/partial', 'cache/archives/partial']) await mkdir(place(name), { recursive: true });
  await writeFile(place('status'), '');
  const options = Object.entries({
    'APT::Architecture': 'arm64',
    'APT::Architectures': 'arm64',
    'APT::Sandbox::User': 'root',
    'Dir::State::lists': place('lists'),
    'Dir::State::status': place('status'),
    'Dir::Cache': place('cache'),
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const apt = ['apt-get', '-q', ...options];
  await run([...apt, 'update']);
  const extract = async (debs: string, root: string): Promise<void> => {
    await mkdir(root, { recursive: true });
    const names = (await readdir(debs)).filter((name) => name.endsWith('.deb'));
    for (const name of names) await run(['dpkg-deb', '--extract', join(debs, name), root]);
  };
  return {
    dependencies: async (name) => {
      const { stdout } = await run(['apt-cache', ...options, 'depends', '--no-recommends', '--no-suggests', name]);
      return [...stdout.matchAll(/^\s*Depends: (\S+)$/gm)].map(([, found = '']) => found);
    },
    unpack: async (names, root) => {
      const debs = place('debs');
      await mkdir(debs, { recursive: true });
      await run([...apt, 'download', ...names.map((name) => `${name}:arm64`)], { cwd: debs });
      await extract(debs, root);
      await rm(debs, { recursive: true });
    },
    unpackAll: async (names, root) => {
      // No package counts as installed, so that none is left out.
      await run([...apt, 'install', '--download-only', '--yes', '--no-install-recommends', ...names]);
      await extract(place('cache/archives'), root);
    },
  };
}

/**
 * An emulator of arm64, and the libraries that a bare Debian of that kind has.
 * @param folder which is made
 * @returns the folder for the emulator's -L
 */
export async function ensureArm64Libraries(folder: string): Promise<string> {
  await ensurePackages([{ name: 'qemu-user-static', programs: ['qemu-aarch64-static'] }], stderrProgress);
  const packages = await openArm64Packages(folder);
  const root = join(folder, 'root');
  await packages.unpack(['libc6', 'libstdc++6', 'libgcc-s1'], root);
  return root;
}
