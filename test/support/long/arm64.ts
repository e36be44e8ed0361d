import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../scripts/cluster/command.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensurePackages } from '../../../scripts/cluster/requirements.ts';

const packages = ['libc6', 'libstdc++6', 'libgcc-s1'];

/**
 * An emulator of arm64, and the libraries that a bare Debian of that kind has. This machine's apt fetches them, with
 * lists of its own, so that the machine knows as before of one architecture alone.
 * @param folder which is made
 * @returns the folder for the emulator's -L
 */
export async function ensureArm64Libraries(folder: string): Promise<string> {
  await ensurePackages([{ name: 'qemu-user-static', programs: ['qemu-aarch64-static'] }], stderrProgress);
  const place = (name: string): string => join(folder, name);
  for (const name of ['lists/partial', 'cache/archives/partial', 'debs', 'root'])
    await mkdir(place(name), { recursive: true });
  await writeFile(place('status'), '');
  const options = {
    'APT::Architecture': 'arm64',
    'APT::Architectures': 'arm64',
    'APT::Sandbox::User': 'root',
    'Dir::State::lists': place('lists'),
    'Dir::State::status': place('status'),
    'Dir::Cache': place('cache'),
  };
  const apt = ['apt-get', '-q', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
  await run([...apt, 'update']);
  await run([...apt, 'download', ...packages.map((name) => `${name}:arm64`)], { cwd: place('debs') });
  for (const name of await readdir(place('debs')))
    await run(['dpkg-deb', '--extract', join(place('debs'), name), place('root')]);
  return place('root');
}
