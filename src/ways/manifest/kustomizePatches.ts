import { jsonPointer, withoutOurs } from '../../inject/index.ts';
import { groupOf } from '../../kubernetes/api/kinds.ts';
import type { PatchOperation } from '../../kubernetes/api/types.ts';
import { annotationPrefix } from '../../settings/index.ts';
import type { WorkloadPatch } from './injectManifest.ts';
import { createRenderBlock } from './renderBlock.ts';

/** Writes patches as a kustomize Component: `components: [FOLDER]` in any kustomization adds the sidecar. */
export interface KustomizePatches {
  /** @throws MANIFEST_INVALID for a workload without a name, which no patch can be aimed at */
  add(patches: readonly WorkloadPatch[]): string;
  end(): string;
}

const head = 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n';
const style = { step: 2, sequenceOffset: 0 } as const;

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

/** kustomize takes names for regular expressions. */
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
 * What is added whole must not be there: the base may have got annotations or volumes since, and `add` would replace
 * them. A test for null holds for what is absent (evanphx/json-patch). What stands behind ours must be what it was.
 */
function guarded(operation: PatchOperation): PatchOperation[] {
  const { op, path } = operation;
  if (op === 'replace') return [{ op: 'test', path, value: withoutOurs(String(operation.value)) }, operation];
  if (op !== 'add' || path.includes(ourAnnotations) || /\/(?:-|\d+)$/.test(path)) return [operation];
  return [{ op: 'test', path, value: null }, operation];
}

const ourAnnotations = jsonPointer(['annotations', annotationPrefix]);
