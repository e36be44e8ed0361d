import { codedError } from '../../errors.ts';

/** The step to each item of a list, or to each value of a mapping: `[*]`. */
export const everyChild = Symbol('*');

/** One step from an object to its pod template: a key, the index of an item from 0, or {@link everyChild}. */
export type PathStep = string | number | typeof everyChild;

/** A kind of the user, and the place of the pod template in its objects. */
export interface OwnTemplateKind {
  /** API group; empty: any. */
  readonly group: string;
  readonly kind: string;
  readonly path: readonly PathStep[];
  /** As the user wrote it. */
  readonly text: string;
}

const step =
  /\.(?:(?<every>\*)|(?<key>[^.[\]{}*'"\s]+))|\[(?:(?<everyItem>\*)|(?<index>\d{1,6})|'(?<single>[^']+)'|"(?<double>[^"]+)")\]/y;

/**
 * A kind as `GROUP/KIND=path.to.template`; `Widget=spec.template`: of any group. The path is written as a
 * JSONPath (RFC 9535): keys, `[0]`, `[*]` or `.*`, and `['a.b']` for a key with a dot.
 * @throws USAGE
 */
export function parseTemplateKind(text: string): OwnTemplateKind {
  const match = /^(?:(?<group>[a-z0-9.-]+)\/)?(?<kind>[A-Z][A-Za-z0-9]*)=(?<path>.+)$/.exec(text)?.groups;
  const path = match === undefined ? undefined : pathSteps(match['path'] ?? '');
  if (match === undefined || path === undefined) {
    throw codedError('USAGE', `"${text}" is not of the form GROUP/KIND=path.to.template`, {
      where: '--template-path',
      hint: "For example 'flink.apache.org/FlinkDeployment=spec.podTemplate' or 'example.org/Group=spec.members[*].template'; the group without a version.",
    });
  }
  return { group: match['group'] ?? '', kind: match['kind'] ?? '', path, text };
}

/** The steps of a path; undefined if it cannot be parsed. */
function pathSteps(text: string): PathStep[] | undefined {
  const path = /^[.[]/.test(text) ? text : text.startsWith('$') ? text.slice(1) : `.${text}`;
  const steps: PathStep[] = [];
  step.lastIndex = 0;
  while (step.lastIndex < path.length) {
    const groups = step.exec(path)?.groups;
    if (groups === undefined) return undefined;
    const { index, key, single, double } = groups;
    const name = key ?? single ?? double;
    steps.push(index === undefined ? (name ?? everyChild) : Number(index));
  }
  return steps.length === 0 ? undefined : steps;
}
