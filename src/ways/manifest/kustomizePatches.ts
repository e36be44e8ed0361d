import { jsonPointer, withoutOurs } from '../../inject/index.ts';
import { groupOf } from '../../kubernetes/api/kinds.ts';
import type { PatchOperation } from '../../kubernetes/api/types.ts';
import { annotationPrefix } from '../../settings/index.ts';
import type { WorkloadPatch } from './injectManifest.ts';
import { createRenderBlock } from './renderBlock.ts';

/** Writes patches as a kustomize Component: `components: [FOLDER]` in any kustomization adds the sidecar. */
export interface KustomizePatches {
  /** Adds a patch. @throws MANIFEST_INVALID for a workload without a name, which cannot be the target of a patch */
  add(patches: readonly WorkloadPatch[]): string;
  end(): string;
}

const head = 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n';
const style = { step: 2, sequenceOffset: 0 } as const;

/** Makes a Component without patches. */
export function createKustomizePatches(): KustomizePatches {
  const render = createRenderBlock();
  let count = 0;
  const entry = (patch: WorkloadPatch): string => {
    const target = render([{ target: targetOf(patch) }], style);
    const operations = render(patch.operations.flatMap(guarded), style).map((line) => `    ${line}`);
    return [...target, '  patch: |-', ...operations, ''].join('\n');
  };
  return {
    add(patches) {
      const begin = count === 0 && patches.length > 0 ? `${head}patches:\n` : '';
      count += patches.length;
      return begin + patches.map(entry).join('');
    },
    end: () => (count === 0 ? `${head}patches: []\n` : ''),
  };
}

/** kustomize reads names as regular expressions. */
function targetOf({ workload }: WorkloadPatch): Readonly<Record<string, string>> {
  const { document, start, apiVersion, kind, name, named, namespace } = workload;
  if (!named) {
    throw document.fail('MANIFEST_INVALID', start, `a ${kind} without a name cannot be the target of a patch`);
  }
  const group = groupOf(apiVersion);
  return {
    ...(group === '' ? {} : { group }),
    version: apiVersion.slice(apiVersion.indexOf('/') + 1),
    kind,
    name: escapeExpression(name),
    ...(namespace === undefined ? {} : { namespace: escapeExpression(namespace) }),
  };
}

function escapeExpression(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/**
 * Adds tests to an operation. A parent that is added as a whole must still be absent, because `add` would replace
 * annotations or volumes that the base has got since. A test for null passes for an absent value (evanphx/json-patch).
 * A value that is extended must still be the same.
 */
function guarded(operation: PatchOperation): PatchOperation[] {
  const { op, path } = operation;
  if (op === 'replace') return [{ op: 'test', path, value: withoutOurs(String(operation.value)) }, operation];
  if (op !== 'add' || path.includes(ourAnnotations) || /\/(?:-|\d+)$/.test(path)) return [operation];
  return [{ op: 'test', path, value: null }, operation];
}

const ourAnnotations = jsonPointer(['annotations', annotationPrefix]);
