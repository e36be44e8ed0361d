import { join } from 'node:path';
import { run } from '../../../scripts/cluster/command.ts';
import { buildahEnvironment as env, buildImage } from '../../../scripts/cluster/images.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';

/** A Debian with programs that read captures. */
export interface Readers {
  /** Its file system, a folder of this machine. */
  readonly root: string;
  /** What to put before a program's arguments to run it there, in `folder`, with /dev and /proc. */
  readonly inside: (folder: string) => readonly string[];
  readonly remove: () => Promise<void>;
}

/** Makes it, with the packages of Debian that `readers/Dockerfile` names. */
export async function makeReaders(): Promise<Readers> {
  const image = await buildImage(
    join(import.meta.dirname, 'readers'),
    'localhost/packet-capture/readers:test',
    stderrProgress,
  );
  const { stdout: made } = await run(['buildah', 'from', '--pull-never', image], { env });
  const container = made.trim();
  const root = (await run(['buildah', 'mount', container], { env })).stdout.trim();
  // The mounts end with the program.
  const enter = 'mount --rbind /dev "$0/dev"; mount -t proc proc "$0/proc"; exec chroot "$0" "$@"';
  return {
    root,
    inside: (folder) => ['unshare', '--mount', 'sh', '-euc', enter, root, 'env', '-C', folder],
    remove: async () => {
      await run(['buildah', 'rm', container], { env });
    },
  };
}
