import { codedError, type CodedError, rethrowUnlessRecoverable } from '../errors.ts';
import type { Addition } from '../inject/index.ts';
import type { PodTemplate, Volume } from '../sidecar/index.ts';
import type { Kubectl } from './kubectl.ts';
import type { Workload } from './workload.ts';

/**
 * Checks that the template which the API server would store holds what was sent. A server that does not know a field
 * drops it in silence, and a sidecar without `restartPolicy: Always` (native sidecars, Kubernetes 1.29) is an init
 * container that never ends: the app would never start.
 * @throws NOT_INJECTABLE
 */
export function checkStored(stored: PodTemplate, addition: Addition, where: string): void {
  const lost = addition.initContainers.find(({ name, restartPolicy }) => {
    return stored.spec?.initContainers?.find((container) => container.name === name)?.restartPolicy !== restartPolicy;
  });
  if (lost === undefined) return;
  throw codedError(
    'NOT_INJECTABLE',
    `the API server drops the restartPolicy of the init container "${lost.name}": it does not know native sidecars`,
    {
      where,
      hint: 'Native sidecars need Kubernetes 1.29 or later.',
    },
  );
}

/**
 * Lets the API server judge a pod of the changed template, without creating it: Pod Security of the whole cluster,
 * limit ranges, quotas and the policies of others say no to pods, not to workloads; the change would be accepted, and
 * its pods would be missing.
 *
 * A refusal counts only if a pod of the present template is accepted: who may not create pods, or has no quota left,
 * learns nothing here.
 * @throws POD_SECURITY, NOT_INJECTABLE
 */
export async function rehearsePod(kubectl: Kubectl, workload: Workload, changed: PodTemplate): Promise<void> {
  const refusal = await refusalOf(kubectl, workload, changed);
  if (refusal === undefined || (await refusalOf(kubectl, workload, workload.template)) !== undefined) return;
  const code = refusal.code === 'POD_SECURITY' ? 'POD_SECURITY' : 'NOT_INJECTABLE';
  throw codedError(code, `its pods would be refused with the sidecar: ${refusal.message}`, {
    where: workload.where,
    cause: refusal,
  });
}

async function refusalOf(kubectl: Kubectl, workload: Workload, template: PodTemplate): Promise<CodedError | undefined> {
  const input = JSON.stringify(podOf(workload, template));
  try {
    await kubectl(['create', '--namespace', workload.namespace, '--dry-run=server', '--output=name', '--filename=-'], {
      input,
      timeoutSeconds: 60,
    });
    return undefined;
  } catch (error) {
    rethrowUnlessRecoverable(error, 'CLUSTER_UNREACHABLE');
    return error;
  }
}

/** The manifest of a pod that the workload's controller would make of a template. */
export function podOf({ object }: Pick<Workload, 'object'>, { metadata, spec }: PodTemplate): object {
  // Volumes of a StatefulSet's claims are put in by its controller; what they are made of does not matter here.
  const claimed: Volume[] = (object.spec?.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata.name,
    emptyDir: {},
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${object.metadata.name}-`,
      labels: metadata?.labels ?? {},
      annotations: metadata?.annotations ?? {},
    },
    spec: { ...spec, volumes: [...(spec?.volumes ?? []), ...claimed] },
  };
}
