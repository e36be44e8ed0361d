import { mkdir, readFile } from 'node:fs/promises';
import { capture, run, type CommandResult } from '../../../scripts/cluster/command.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensurePackages } from '../../../scripts/cluster/requirements.ts';
import { blobPath, type Layout } from '../../../scripts/release/oci/layout.ts';

export const emulator = '/usr/bin/qemu-aarch64-static';

/** Sees to it that this machine can emulate arm64. */
export async function ensureEmulator(): Promise<void> {
  await ensurePackages([{ name: 'qemu-user-static', programs: ['qemu-aarch64-static'] }], stderrProgress);
}

/** The layers of a layout's image for a platform, as files. */
export async function imageLayers(layout: Layout, platform: string): Promise<string[]> {
  const manifest = await readFile(blobPath(layout.folder, layout.platforms[platform] ?? ''), 'utf8');
  const { layers } = JSON.parse(manifest) as { readonly layers: ReadonlyArray<{ readonly digest: string }> };
  return layers.map(({ digest }) => blobPath(layout.folder, digest));
}

/** Unpacks the files of a layout's image for a platform. @param root which is made */
export async function unpackImage(layout: Layout, platform: string, root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const layer of await imageLayers(layout, platform))
    await run(['tar', '-C', root, '--xattrs', '--xattrs-include=*', '-xzpf', layer]);
}

/**
 * The programs of arm64, as the kernel knows them: ELF, 64 bits, little-endian, for AArch64.
 * @see https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
const kind = {
  magic: String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`,
  mask: String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`,
};

/**
 * Runs a program of arm64 in its image's files. The kernel hands it, and what it starts, to the emulator: that is set
 * up in a user namespace of its own, so that it ends with the program, and the machine knows nothing of it. The network
 * is one of its own, too, with nothing but loopback.
 * @param script of a shell of this machine, which runs before, in that network
 */
export async function runEmulated(root: string, argv: readonly string[], script = ':'): Promise<CommandResult> {
  const format = `:arm64:M::${kind.magic}:${kind.mask}:${emulator}:F`;
  const enter = [
    'set -e',
    'mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc',
    `printf '%s' '${format}' > /proc/sys/fs/binfmt_misc/register`,
    'mount -t proc proc "$ROOT/proc"',
    'mount --rbind /dev "$ROOT/dev"',
    'ip link set lo up',
    script,
    'exec chroot "$ROOT" "$@"',
  ].join('\n');
  const namespaces = ['--user', '--map-root-user', '--mount', '--net', '--pid', '--fork', '--kill-child'];
  return capture(['unshare', ...namespaces, 'sh', '-c', enter, 'sh', ...argv], {
    env: { ROOT: root },
    timeoutMs: 120_000,
  });
}
