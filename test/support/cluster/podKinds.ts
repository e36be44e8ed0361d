import { pauseImage } from '../../../scripts/cluster/nodeConfig.ts';
import { nginxImage } from './clusterFixture.ts';

/** What differs from a pod of one container that sleeps. */
export interface PodOptions {
  readonly spec?: object;
  readonly container?: object;
}

/** A pod that waits. Its label `name` is its name; `kinds` is on all of them. */
export function waitingPod(name: string, namespace: string, { spec = {}, container = {} }: PodOptions = {}): object {
  const waits = { name: 'app', image: nginxImage, imagePullPolicy: 'Never', command: ['sleep', '1000'] };
  const plain = { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { kinds: 'all', name } },
    spec: { ...plain, containers: [{ ...waits, ...container }], ...spec },
  };
}

/** An app that holds so many bytes in memory, of a limit such as `128Mi`. */
function holding(bytes: number, memory: string): PodOptions {
  const command = ['sh', '-c', `(head -c ${bytes} /dev/zero; sleep 1000) | tail -c ${bytes}`];
  return { container: { command, resources: { limits: { memory } } } };
}

/** Kinds of pods to which `attach` attaches in any namespace. */
export const podKinds: Readonly<Record<string, PodOptions>> = {
  root: { container: { command: undefined } },
  'non-root': { spec: { securityContext: { runAsUser: 1000, runAsNonRoot: true } } },
  distroless: { container: { image: pauseImage, command: undefined } },
  'read-only': { container: { securityContext: { readOnlyRootFilesystem: true } } },
  memory: holding(105_000_000, '128Mi'),
};

/** One that has not the memory that an agent needs. */
export const shortOfMemory = holding(56_000_000, '64Mi');

/** One that Pod Security `restricted` admits. */
export const admittedByRestricted: PodOptions = {
  spec: { securityContext: { runAsUser: 1000, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } },
  container: { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
};

/** A Job whose pod has the label `job-name` = its name, and ends when it has a file /tmp/done. */
export function waitingJob(name: string, namespace: string): object {
  const command = ['sh', '-c', 'until [ -e /tmp/done ]; do sleep 0.2; done'];
  const containers = [{ name: 'app', image: nginxImage, imagePullPolicy: 'Never', command }];
  const spec = { restartPolicy: 'Never', automountServiceAccountToken: false, containers };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: { template: { metadata: { labels: { kinds: 'all' } }, spec } },
  };
}
