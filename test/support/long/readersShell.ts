import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { clusterEnvironment, runInNetns } from '../../../scripts/cluster/kubectl.ts';
import type { ClusterHandle } from '../../../scripts/cluster/paths.ts';
import { stderrProgress } from '../../../scripts/cluster/progress.ts';
import { ensureHelm } from '../../../scripts/cluster/tools.ts';
import { agentImage, localRegistry } from '../../../scripts/images/names.ts';
import { writeProgram } from '../commands/clusterCommands.ts';

const root = join(import.meta.dirname, '../../..');

/** A shell as a reader of the documents has it: the programs that they name are on its PATH. */
export interface ReadersShell {
  /** A folder for the files of one document; it is also HOME. */
  readonly makeFolder: () => Promise<string>;
  /** Runs a block as somebody types it, where the cluster can be reached, until the first command that fails. */
  readonly type: (text: string, folder: string) => Promise<{ readonly exitCode: number; readonly output: string }>;
  readonly remove: () => Promise<void>;
}

/** @param namespace that kubectl uses unless told another; `default` without it */
export async function makeReadersShell(node: ClusterHandle, namespace?: string): Promise<ReadersShell> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-reader-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const { KUBECTL: kubectl = '', ...environment } = await clusterEnvironment(node);
  await writeProgram(
    join(bin, 'packet-capture'),
    `exec "${process.execPath}" "${join(root, 'bin/packet-capture.js')}" "$@"`,
  );
  await writeProgram(join(bin, 'node'), `exec "${process.execPath}" "$@"`);
  await writeProgram(join(bin, 'kubectl'), `exec "${kubectl}" "$@"`);
  await writeProgram(join(bin, 'helm'), `exec "${await ensureHelm(4, stderrProgress)}" "$@"`);
  // A window that is closed after ten packets.
  await writeProgram(join(bin, 'wireshark'), 'exec tshark -n -r - -c 10');
  const env = { ...environment, PATH: [bin, environment['PATH']].join(delimiter), PACKET_CAPTURE_IMAGE: agentImage };
  const type: ReadersShell['type'] = async (text, work) => {
    const script = text
      .replaceAll('registry.example', localRegistry)
      .replaceAll(/\.\/chart|scripts\/install\.ts/g, (path) => join(root, path));
    const own = join(work, '.kube-config');
    const choose =
      namespace === undefined
        ? ''
        : `cp "$KUBECONFIG" "${own}"\nexport KUBECONFIG="${own}"\nkubectl config set-context --current --namespace=${namespace} >/dev/null\n`;
    await writeFile(join(work, 'block.sh'), `set -e\nexec 2>&1\n${choose}${script}`);
    const { exitCode, stdout } = await runInNetns(node, ['bash', join(work, 'block.sh')], {
      env: { ...env, HOME: work },
      cwd: work,
    });
    return { exitCode, output: stdout };
  };
  return {
    makeFolder: async () => mkdtemp(join(folder, 'work-')),
    type,
    remove: async () => rm(folder, { recursive: true, force: true }),
  };
}
