import { readFile } from 'node:fs/promises';
import { expect, inject } from 'vitest';
import { processesIn } from '../../../scripts/cluster/cgroups.ts';
import { podField } from '../cluster/clusterFixture.ts';

const node = inject('node');

/** The processes of a pod that are called so (at most 15 characters), as this machine numbers them. */
export async function podProcesses(namespace: string, pod: string, name: string): Promise<number[]> {
  const uid = await podField(namespace, pod, '.metadata.uid');
  const found = await Promise.all(
    (await processesIn(node.cgroup)).map(async (pid) => {
      const [cgroup = '', comm = ''] = await Promise.all(
        ['cgroup', 'comm'].map(async (file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      );
      return comm.trim() === name && (cgroup.includes(uid) || cgroup.includes(uid.replaceAll('-', '_'))) ? [pid] : [];
    }),
  );
  return found.flat();
}

/** The first process of a pod's sidecar: with it ends the container. */
export async function agentProcess(namespace: string, pod: string): Promise<number> {
  for (const pid of await podProcesses(namespace, pod, 'packet-capture-')) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    if (/^NSpid:.*\t1$/m.test(status)) return pid;
  }
  return expect.fail(`no agent runs in ${pod}`);
}
