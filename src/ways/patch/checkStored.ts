import { codedError } from '../../errors.ts';
import type { Addition } from '../../inject/index.ts';
import type { PodTemplate } from '../../kubernetes/api/types.ts';
import { sinceKubernetes } from '../../minimums.ts';

/**
 * Checks that the template which the API server would store has everything that was sent. A server drops a field that
 * it does not know, without an error. A native sidecar without `restartPolicy: Always` is an init container that never
 * ends, so the app would never start.
 * @throws NOT_INJECTABLE
 */
export function checkStored(stored: PodTemplate, addition: Addition, where: string): void {
  const lost = addition.initContainers.find(({ name, restartPolicy }) => {
    return stored.spec?.initContainers?.find((container) => container.name === name)?.restartPolicy !== restartPolicy;
  });
  if (lost !== undefined) {
    throw codedError(
      'NOT_INJECTABLE',
      `the API server drops the restartPolicy of the init container "${lost.name}": it would never end, and the app would never start`,
      {
        where,
        hint: `Native sidecars need Kubernetes ${sinceKubernetes('nativeSidecars')} or later, and the schema of a custom kind must contain the field: update its CustomResourceDefinition, or let the webhook or the policy inject its pods.`,
      },
    );
  }
  const kept = stored.metadata?.annotations ?? {};
  const key = Object.keys(addition.annotations).find((name) => kept[name] !== addition.annotations[name]);
  if (key === undefined) return;
  throw codedError('NOT_INJECTABLE', `the API server drops the annotation ${key} of the pod template`, {
    where,
    hint: 'The schema of a custom kind must contain the metadata of its pod template: correct it, or let the webhook or the policy inject its pods.',
  });
}
