import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../scripts/cluster/command.ts';
import { baseImage, buildahEnvironment, ensureBaseImage } from '../../../scripts/cluster/images.ts';
import { clusterEnvironment } from '../../../scripts/cluster/kubectl.ts';
import { inNetns } from '../../../scripts/cluster/machine.ts';
import type { ClusterHandle } from '../../../scripts/cluster/paths.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';

/** A Debian with what debootstrap's minbase has, kubectl and a kubeconfig, and nothing of this project. */
export interface BareDebian {
  /** Its files, on this machine. */
  readonly root: string;
  /** Gives it a file, which may be executed. */
  readonly put: (path: string, source: string) => Promise<void>;
  /** The command line that runs a shell script in it, where the API server can be reached. */
  readonly argv: (script: string) => string[];
  readonly remove: () => Promise<void>;
}

/** Makes one in a temporary folder. */
export async function makeBareDebian(node: ClusterHandle): Promise<BareDebian> {
  await ensureBaseImage(stderrProgress);
  const root = await mkdtemp(join(tmpdir(), 'packet-capture-debian-'));
  const { stdout: container } = await run(['buildah', 'from', '--pull-never', baseImage], { env: buildahEnvironment });
  try {
    const { stdout: mounted } = await run(['buildah', 'mount', container], { env: buildahEnvironment });
    await run(['cp', '--archive', `${mounted.trim()}/.`, root]);
  } finally {
    await run(['buildah', 'rm', container.trim()], { env: buildahEnvironment });
  }
  const put = async (path: string, source: string): Promise<void> => {
    await mkdir(join(root, path, '..'), { recursive: true });
    await copyFile(source, join(root, path));
    await run(['chmod', '755', join(root, path)]);
  };
  const { KUBECTL: kubectl = '', KUBECONFIG: kubeconfig = '' } = await clusterEnvironment(node);
  await put('usr/local/bin/kubectl', kubectl);
  await put('root/.kube/config', kubeconfig);
  await writeFile(join(root, 'enter'), enter);
  return { root, put, argv: (script) => inNetns(node.netns, [...contained, root, script]), remove: removal(root) };
}

/** Of nothing that runs in it is anything left: its processes and mounts end with the shell. */
const contained = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', '. "$0/enter"'];

const enter = `set -e
mount -t proc proc "$0/proc"
mount --bind /dev "$0/dev"
exec env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin:/root/.krew/bin TMPDIR=/tmp /usr/sbin/chroot "$0" sh -c "$1"
`;

function removal(root: string): () => Promise<void> {
  return async () => rm(root, { recursive: true, force: true });
}
