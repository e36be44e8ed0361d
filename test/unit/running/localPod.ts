import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeKubectl, makeKubectlStart, type Kubectl, type KubectlStart } from '../../../src/cluster/kubectl.ts';
import type { CapturedPod } from '../../../src/running/pods.ts';

/** A pod whose commands run on this machine: the shell, the tools and the pipes are real, the connection is not. */
export interface LocalPod {
  readonly pod: CapturedPod;
  readonly kubectl: Kubectl;
  readonly start: KubectlStart;
  /** Stands for /captures. */
  readonly captures: string;
  /** For what is downloaded. */
  readonly folder: string;
  /** The next connections end after so many bytes each; 0: at once. Or they garble what comes. */
  readonly spoil: (...connections: readonly (number | 'garble')[]) => Promise<void>;
  /** The arguments of the transfers so far: bytes that were there already, and the size. */
  readonly transfers: () => Promise<string[]>;
  readonly remove: () => Promise<void>;
}

export async function createLocalPod(): Promise<LocalPod> {
  const top = await mkdtemp(join(tmpdir(), 'packet-capture-pod-'));
  const [captures, folder, tools] = [join(top, 'captures'), join(top, 'here'), join(top, 'tools')];
  for (const path of [captures, folder, tools]) await mkdir(path);
  await program(join(tools, 'busybox'), 'exec "$@"');
  // Each folder /captures in the script or its arguments is the one here.
  await program(
    join(top, 'kubectl'),
    `while [ "$1" != -- ]; do shift; done
shift
[ "$1" = sh ] || exec "$@"
echo "\${6:-} \${7:-}" >> ${top}/transfers
script=$(printf '%s\\n' "$3" | sed 's#/captures#${captures}#g')
how=$(sed -n 1p ${top}/spoilt 2> /dev/null)
sed -i 1d ${top}/spoilt 2> /dev/null
PATH=${tools}:$PATH
set -- bash -c "$script" sh "${captures}/\${5##*/}" "\${6:-}" "\${7:-}"
case $how in
  '') exec "$@" ;;
  garble) "$@" | tr '\\000' '\\001'; exit ;;
esac
"$@" | head -c "$how"
echo 'error: connection reset' >&2
exit 1`,
  );
  const pod: CapturedPod = {
    namespace: 'shop', name: 'web-1', uid: 'u', container: 'packet-capture', phase: 'Running', node: 'node0', annotations: {}, defaults: {}, volumeBytes: undefined, mirrors: false, ready: true, deleting: false,
  };
  const connection = { program: join(top, 'kubectl') };
  return {
    pod,
    kubectl: makeKubectl(connection),
    start: makeKubectlStart(connection),
    captures,
    folder,
    spoil: async (...connections) => writeFile(join(top, 'spoilt'), connections.map((how) => `${how}\n`).join('')),
    transfers: async () => (await readFile(join(top, 'transfers'), 'utf8')).trim().split('\n'),
    remove: async () => rm(top, { recursive: true }),
  };
}

async function program(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}
