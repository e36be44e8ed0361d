import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CapturedPod } from '../../../src/captures/findPods.ts';
import { makeKubectl, makeKubectlStart, type Kubectl, type KubectlStart } from '../../../src/kubernetes/kubectl.ts';
import { buildAgentProgram } from './agentProgram.ts';
import { capturedPod } from './capturedPod.ts';

/** A pod whose commands run on this machine: the agent's program and the pipes are real, the connection is not. */
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
  const [captures, folder] = [join(top, 'captures'), join(top, 'here')];
  for (const path of [captures, folder]) await mkdir(path);
  const agent = await buildAgentProgram();
  await program(
    join(top, 'kubectl'),
    `while [ "$1" != -- ]; do shift; done
shift
case $1 in */agent) ;; *) exec "$@" ;; esac
shift
[ "$2" != --offset ] || echo "$3 $5" >> ${top}/transfers
how=$(sed -n 1p ${top}/spoilt 2> /dev/null)
sed -i 1d ${top}/spoilt 2> /dev/null
export PACKET_CAPTURE_DIR=${captures}
set -- ${agent} "$@"
case $how in
  '') exec "$@" ;;
  garble) "$@" | tr '\\000' '\\001'; exit ;;
esac
"$@" | head -c "$how"
echo 'error: connection reset' >&2
exit 1`,
  );
  const pod = capturedPod('web-1');
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
