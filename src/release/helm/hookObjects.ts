import type { Kubectl } from '../../kubernetes/kubectl.ts';
import { listsByNamespace, type ManifestObject } from './renderedObjects.ts';

/** Objects of hooks are no part of the release: helm leaves them behind unless their own policy says otherwise. */
export function hookObjectsOf(objects: readonly ManifestObject[]): ManifestObject[] {
  return objects.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined);
}

/** Deletes what hooks have left: the Job that failed, and was kept to be looked at. @throws as Kubectl */
export async function removeHookObjects(kubectl: Kubectl, objects: readonly ManifestObject[]): Promise<void> {
  for (const { namespace, input } of listsByNamespace(hookObjectsOf(objects))) {
    const place = namespace === '' ? [] : [`--namespace=${namespace}`];
    const flags = ['--ignore-not-found', '--wait=true', '--timeout=60s', '--cascade=foreground'];
    await kubectl(['delete', '-f', '-', ...flags, ...place], { input, timeoutSeconds: 90 });
  }
}
