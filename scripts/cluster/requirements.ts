import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { codedError } from '../../src/errors.ts';
import { hierarchies, trackingHierarchy } from './cgroups.ts';
import { run, succeeds } from './command.ts';
import { type Progress, step } from './progress.ts';

/** A Debian package and how to see that what it brings is there: programs on the PATH, or files. */
export interface Package {
  readonly name: string;
  readonly programs?: readonly string[];
  readonly files?: readonly string[];
}

/** What a node and its images are made and looked at with. */
export const nodePackages: readonly Package[] = [
  { name: 'util-linux', programs: ['flock', 'nsenter', 'setpriv', 'unshare'] },
  { name: 'mount', programs: ['mount'] },
  { name: 'iproute2', programs: ['ip'] },
  { name: 'nftables', programs: ['nft'] },
  { name: 'ca-certificates', files: ['/etc/ssl/certs/ca-certificates.crt'] },
  { name: 'debootstrap', programs: ['debootstrap'] },
  { name: 'buildah', programs: ['buildah'] },
];

/** What the tests and the demo read capture files with. */
export const capturePackages: readonly Package[] = [
  { name: 'tshark', programs: ['tshark'] },
  { name: 'wireshark-common', programs: ['capinfos', 'mergecap'] },
];

/** What the Go builds need besides Go: runc alone uses a C compiler. */
export const buildPackages: readonly Package[] = [
  { name: 'gcc', programs: ['gcc'] },
  { name: 'libc6-dev', files: ['/usr/include/stdio.h'] },
  { name: 'pkg-config', programs: ['pkg-config'] },
  { name: 'libseccomp-dev', files: ['/usr/include/seccomp.h'] },
];

/**
 * What no package can mend.
 * @throws REQUIREMENT_MISSING, one line, when this is not Linux, not root, or has no cgroups to write to.
 */
export async function checkMachine(): Promise<void> {
  if (process.platform !== 'linux') throw missing('Linux', `this is ${process.platform}`);
  if (process.getuid?.() !== 0) throw missing('root', 'run it with sudo, or as root in a virtual machine');
  const { path } = trackingHierarchy(await hierarchies());
  await access(path, constants.W_OK).catch(() => {
    throw missing('cgroups that can be written', `${path} is mounted read-only`);
  });
}

/**
 * @throws REQUIREMENT_MISSING, one line, when there is no Go or an older one than `wanted`.
 */
export async function checkGo(wanted: string): Promise<void> {
  const found =
    (await findProgram('go')) === undefined ? undefined : (await run(['go', 'env', 'GOVERSION'])).stdout.trim();
  if (found === undefined) throw missing(`Go ${wanted} or later`, 'there is no `go` on the PATH');
  if (olderGo(found, wanted)) throw missing(`Go ${wanted} or later`, `the one on the PATH is ${found}`);
}

/** True when version `found` (`go1.26.8`, `go1.27rc1`) comes before `wanted` (`1.26.6`). */
export function olderGo(found: string, wanted: string): boolean {
  const [a, b] = [goVersion(found), goVersion(wanted)];
  const at = a.findIndex((number, index) => number !== b[index]);
  return at !== -1 && (a[at] ?? 0) < (b[at] ?? 0);
}

export function newestGo(versions: readonly string[]): string | undefined {
  return versions.toSorted((a, b) => (olderGo(a, b) ? 1 : -1))[0];
}

/** Major, minor and patch; a release candidate counts as the release. */
function goVersion(text: string): [number, number, number] {
  const [, major, minor, patch] = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return [Number(major ?? 0), Number(minor ?? 0), Number(patch ?? 0)];
}

/**
 * Installs the packages that are missing with apt-get; does nothing when there are none.
 * @throws REQUIREMENT_MISSING, one line, when there is no apt-get; CLUSTER_FAILED when apt-get fails.
 */
export async function ensurePackages(packages: readonly Package[], progress: Progress): Promise<void> {
  const wanted = await missingPackages(packages);
  if (wanted.length === 0) return;
  const names = wanted.map((item) => item.name);
  if ((await findProgram('apt-get')) === undefined) {
    throw missing(
      wanted.flatMap((item) => [...(item.programs ?? []), ...(item.files ?? [])]).join(', '),
      `there is no apt-get to install ${names.join(', ')}`,
    );
  }
  progress(`installing with apt-get: ${names.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const apt = ['apt-get', '-y', '-q', '-o', 'DPkg::Lock::Timeout=600'];
  const install = [...apt, 'install', '--no-install-recommends', ...names];
  // An apt-get that was killed leaves dpkg in a state in which it refuses everything but this.
  await run(['dpkg', '--configure', '-a'], { env });
  if (!(await succeeds([...install, '--simulate'], { env }))) {
    await step(progress, 'apt-get update', () => run([...apt, 'update'], { env }));
  }
  // The package lists may be older than what the mirror still has.
  if (!(await step(progress, 'apt-get install', () => succeeds(install, { env })))) {
    await step(progress, 'apt-get update', () => run([...apt, 'update'], { env }));
    await step(progress, 'apt-get install', () => run(install, { env }));
  }
  const left = await missingPackages(packages);
  if (left.length > 0)
    throw missing(left.map((item) => item.name).join(', '), 'apt-get installed them, yet they are not there');
}

/** The packages of which a program or file is not there. */
export async function missingPackages(packages: readonly Package[]): Promise<Package[]> {
  const present = await Promise.all(
    packages.map(async ({ programs = [], files = [] }) => {
      const found = await Promise.all([
        ...programs.map(async (program) => (await findProgram(program)) !== undefined),
        ...files.map((file) => exists(file)),
      ]);
      return found.every(Boolean);
    }),
  );
  return packages.filter((_, index) => !present[index]);
}

/** Path of a program on the PATH; Debian's sbin folders count even where a user's PATH leaves them out. */
export async function findProgram(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const folder of [...path.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']) {
    if (folder !== '' && (await exists(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function missing(what: string, why: string): Error {
  return codedError('REQUIREMENT_MISSING', `needs ${what}: ${why}`);
}
