import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { kill } from '../../../scripts/cluster/cgroups.ts';
import { isAlive, pidOf, startComponent } from '../../../scripts/cluster/components.ts';
import { controlPlane } from '../../../scripts/cluster/controlPlane.ts';
import { runInNetns } from '../../../scripts/cluster/kubectl.ts';
import { inMachine, nodeAddress } from '../../../scripts/cluster/machine.ts';
import { versionsOf } from '../../../scripts/cluster/nodeVersions.ts';
import { pollUntil } from '../../../scripts/cluster/poll.ts';
import { noProgress } from '../../../scripts/cluster/progress.ts';
import { apiServerIsReady } from '../../../scripts/cluster/readiness.ts';
import { nodePrograms } from '../../../scripts/cluster/tools.ts';
import { component, upCluster } from '../../../scripts/cluster/up.ts';

const node = inject('node');
const apiServer = component('kube-apiserver');

/** What Talos, RKE2 and many guides set: Pod Security `baseline` in every namespace, without a label. */
const podSecurity = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [
    {
      name: 'PodSecurity',
      configuration: {
        apiVersion: 'pod-security.admission.config.k8s.io/v1',
        kind: 'PodSecurityConfiguration',
        defaults: { enforce: 'baseline', 'enforce-version': 'latest' },
        exemptions: { namespaces: ['kube-system'] },
      },
    },
  ],
};

/** Runs `work` while the API server enforces Pod Security `baseline` by its own configuration. */
export async function withPodSecurityByConfiguration(work: () => Promise<void>): Promise<void> {
  const file = join(node.stateDir, 'admission.json');
  await writeFile(file, JSON.stringify(podSecurity));
  await withAdmissionConfiguration(file, work);
  await rm(file);
}

/** Runs `work` while the API server has a file of admission configuration; before and after it, it has none. */
export async function withAdmissionConfiguration(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await startApiServerWith([`--admission-control-config-file=${file}`]);
    await work();
  } finally {
    await restoreApiServer();
  }
}

/** Starts the API server again, with more flags; done once it is ready. */
export async function startApiServerWith(flags: readonly string[]): Promise<void> {
  const { kubernetes } = await nodePrograms(await versionsOf(node));
  const argv = controlPlane(node, kubernetes)['kube-apiserver'] ?? [];
  await stop();
  await startComponent(node, apiServer, await inMachine(node, [...argv, ...flags]));
  await pollUntil(async () => apiServerIsReady(node), { everyMs: 200, timeoutMs: 60_000 });
}

/** Starts the API server again as every node has it. */
export async function restoreApiServer(): Promise<void> {
  await stop();
  await upCluster({ name: node.name, onProgress: noProgress });
}

async function stop(): Promise<void> {
  const pid = await pidOf(node, apiServer);
  if (pid !== undefined) kill(pid);
  await pollUntil(async () => !(await isAlive(node, apiServer)) && !(await isListening()), {
    everyMs: 50,
    timeoutMs: 10_000,
  });
}

/** A process that is about to be gone may still hold its port. */
async function isListening(): Promise<boolean> {
  return (await runInNetns(node, ['bash', '-c', `: </dev/tcp/${nodeAddress}/6443`])).exitCode === 0;
}
