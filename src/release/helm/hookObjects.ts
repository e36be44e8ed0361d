import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { listsByNamespace, type ManifestObject } from './renderedObjects.ts';

/** Objects of hooks do not belong to the release: helm leaves them unless their deletion policy says otherwise. */
export function hookObjectsOf(objects: readonly ManifestObject[]): ManifestObject[] {
  return objects.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined);
}

/** Deletes objects that hooks have left, such as a failed Job that was kept for its log. @throws as Kubectl */
export async function removeHookObjects(kubectl: Kubectl, objects: readonly ManifestObject[]): Promise<void> {
  for (const { namespace, input } of listsByNamespace(hookObjectsOf(objects))) {
    const place = namespace === '' ? [] : [`--namespace=${namespace}`];
    const flags = ['--ignore-not-found', '--wait=true', '--timeout=60s', '--cascade=foreground'];
    await kubectl(['delete', '-f', '-', ...flags, ...place], { input, timeoutSeconds: 90 });
  }
}
