import { codedError } from '../../errors.ts';
import type { Addition } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { sinceKubernetes } from '../../minimums.ts';

/**
 * Checks that the template which the API server would store holds what was sent. A server that does not know a field
 * drops it in silence, and a sidecar without `restartPolicy: Always` (native sidecars) is an init
 * container that never ends: the app would never start.
 * @throws NOT_INJECTABLE
 */
export function checkStored(stored: PodTemplate, addition: Addition, where: string): void {
  const lost = addition.initContainers.find(({ name, restartPolicy }) => {
    return stored.spec?.initContainers?.find((container) => container.name === name)?.restartPolicy !== restartPolicy;
  });
  if (lost !== undefined) {
    throw codedError(
      'NOT_INJECTABLE',
      `the API server drops the restartPolicy of the init container "${lost.name}": it would never end, and the app never start`,
      {
        where,
        hint: `Native sidecars need Kubernetes ${sinceKubernetes('nativeSidecars')} or later, and a custom kind needs a schema that knows them: update its CustomResourceDefinition, or let the webhook or the policy inject its pods.`,
      },
    );
  }
  const kept = stored.metadata?.annotations ?? {};
  const key = Object.keys(addition.annotations).find((name) => kept[name] !== addition.annotations[name]);
  if (key === undefined) return;
  throw codedError('NOT_INJECTABLE', `the API server drops the annotation ${key} of the pod template`, {
    where,
    hint: 'The schema of a custom kind must keep the metadata of its template; or let the webhook or the policy inject its pods.',
  });
}
