import type { PatchOperation, PodTemplate } from '../kubernetes/api/types.ts';
import type { Addition } from './addition.ts';
import type { Removal } from './removal.ts';

/** A path of keys as a JSON Pointer (RFC 6901): `~` and `/` are escaped. */
export function jsonPointer(keys: readonly (string | number)[]): string {
  return keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/**
 * The patch that adds the sidecar to an object whose pod template sits at `path`.
 * A parent that is absent is added whole: the API server creates none by itself, and a patch that does not apply
 * fails the request even under `failurePolicy: Ignore`.
 */
export function additionPatch(
  template: PodTemplate,
  addition: Addition,
  path: readonly (string | number)[],
): PatchOperation[] {
  const at = (...keys: (string | number)[]): string => jsonPointer([...path, ...keys]);
  const operations: PatchOperation[] = [];
  const annotations = Object.entries(addition.annotations);
  if (annotations.length > 0) {
    if (template.metadata == null) {
      operations.push({ op: 'add', path: at('metadata'), value: { annotations: addition.annotations } });
    } else if (template.metadata.annotations == null) {
      operations.push({ op: 'add', path: at('metadata', 'annotations'), value: addition.annotations });
    } else {
      for (const [key, value] of annotations)
        operations.push({ op: 'add', path: at('metadata', 'annotations', key), value });
    }
  }
  for (const [key, text] of Object.entries(addition.inFront ?? {})) {
    operations.push({
      op: 'replace',
      path: at('metadata', 'annotations', key),
      value: `${text}${template.metadata?.annotations?.[key] ?? ''}`,
    });
  }
  const list = (
    field: 'volumes' | 'initContainers' | 'containers' | 'imagePullSecrets',
    where: 'first' | 'last',
  ): void => {
    const items = addition[field];
    if (items.length === 0) return;
    if (template.spec?.[field] == null) operations.push({ op: 'add', path: at('spec', field), value: items });
    else
      for (const [index, value] of items.entries())
        operations.push({ op: 'add', path: at('spec', field, where === 'first' ? index : '-'), value });
  };
  list('volumes', 'last');
  list('initContainers', 'first');
  list('containers', 'last');
  list('imagePullSecrets', 'last');
  return operations;
}

/**
 * The patch that removes the sidecar. It also removes a list or map that would become empty, because Kubernetes stores
 * an absent and an empty one in the same way.
 */
export function removalPatch(
  template: PodTemplate,
  removal: Removal,
  path: readonly (string | number)[],
): PatchOperation[] {
  const at = (...keys: (string | number)[]): string => jsonPointer([...path, ...keys]);
  const operations: PatchOperation[] = [];
  for (const field of ['containers', 'initContainers', 'volumes'] as const) {
    const items = template.spec?.[field] ?? [];
    const indexes = items.flatMap(({ name }, index) => (removal[field].includes(name) ? [index] : []));
    if (indexes.length === 0) continue;
    if (indexes.length === items.length && field !== 'containers')
      operations.push({ op: 'remove', path: at('spec', field) });
    // From the last to the first, because a removal changes the indexes after it.
    else for (const index of indexes.toReversed()) operations.push({ op: 'remove', path: at('spec', field, index) });
  }
  for (const [key, value] of Object.entries(removal.shortened ?? {}))
    operations.push({ op: 'replace', path: at('metadata', 'annotations', key), value });
  const present = Object.keys(template.metadata?.annotations ?? {});
  const keys = present.filter((key) => removal.annotations.includes(key));
  if (keys.length > 0 && keys.length === present.length)
    operations.push({ op: 'remove', path: at('metadata', 'annotations') });
  else for (const key of keys) operations.push({ op: 'remove', path: at('metadata', 'annotations', key) });
  return operations;
}
