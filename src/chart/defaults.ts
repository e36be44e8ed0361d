import { defaultValues, isGroup, valuesTree, type Fields, type Leaf } from './values/index.ts';

/**
 * The defaults that templates use for absent values, as JSON `{defaults, keep}` with a final newline. `keep` names the
 * values that stay absent if their group is present: parts of Kubernetes objects, and values that may be null, because
 * a user removes a default with null.
 */
export function defaultsJson(): string {
  return `${JSON.stringify({ defaults: defaultValues(), keep: kept(valuesTree) })}\n`;
}

function kept(fields: Fields): Record<string, unknown> {
  const entries = Object.entries(fields).flatMap(([key, node]): Array<[string, unknown]> => {
    if (!isGroup(node)) return isTakenAway(node) ? [[key, true]] : [];
    const below = kept(node.fields);
    return Object.keys(below).length === 0 ? [] : [[key, below]];
  });
  return Object.fromEntries(entries);
}

/** Whether null has a meaning of its own. */
function isTakenAway({ schema }: Leaf<unknown>): boolean {
  const { type, allOf } = schema;
  return allOf !== undefined || (Array.isArray(type) && type.includes('null'));
}
