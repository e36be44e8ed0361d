import { defaultValues, isGroup, valuesTree, type Fields, type Leaf } from './values/index.ts';

/**
 * What templates put where a value is absent, as JSON: `{defaults, keep}`; a final newline. In a group that is there,
 * `keep` names what stays absent: parts of Kubernetes objects, and what may be null, where a user takes a default away.
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

/** Whether null is a value of its own. */
function isTakenAway({ schema }: Leaf<unknown>): boolean {
  const { type, allOf } = schema;
  return allOf !== undefined || (Array.isArray(type) && type.includes('null'));
}
