import type { Kubectl } from '../cluster/index.ts';
import type { ManifestObject } from './objects.ts';

/** Objects of hooks are no part of the release: helm leaves them behind unless their own policy says otherwise. */
export function hookObjectsOf(objects: readonly ManifestObject[]): ManifestObject[] {
  return objects.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined);
}

/** Deletes what hooks have left: the Job that failed, and was kept to be looked at. @throws as Kubectl */
export async function removeHookObjects(kubectl: Kubectl, objects: readonly ManifestObject[]): Promise<void> {
  const hooks = hookObjectsOf(objects);
  if (hooks.length === 0) return;
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: hooks });
  await kubectl(['delete', '-f', '-', '--ignore-not-found', '--wait=true', '--timeout=60s', '--cascade=foreground'], { input, timeoutSeconds: 90 });
}
