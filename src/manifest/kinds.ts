import { customKinds, groupOf, templatePath, workloadKinds, type TemplateKind } from '../inject/index.ts';
import { codedError } from '../errors.ts';

/** Where a kind has its pod template. */
export interface TemplatePlace {
  /** From the object, keys only; empty for a Pod. */
  readonly path: readonly string[];
  readonly nativeSidecars: boolean;
}

/** The kinds with a pod template that a run knows. */
export interface Kinds {
  /** True if the kind of this name has a pod template in some API group. */
  has(kind: string): boolean;
  /** True for the name of a kind that other API groups may use for something else. */
  inOneGroup(kind: string): boolean;
  /** Undefined for what is no workload. */
  place(apiVersion: string, kind: string): TemplatePlace | undefined;
  /** As users name them. */
  readonly names: readonly string[];
}

/** @param own kinds of the user's, which come before those that are known */
export function createKinds(own: readonly TemplateKind[] = []): Kinds {
  const custom = [...own, ...customKinds];
  const names = [...new Set([...workloadKinds, ...custom.map(({ kind }) => kind)])];
  const known = new Set(names);
  return {
    names,
    has: (kind) => known.has(kind),
    inOneGroup: (kind) => !workloadKinds.includes(kind),
    place(apiVersion, kind) {
      const group = groupOf(apiVersion);
      const found = custom.find((row) => row.kind === kind && row.group === group);
      if (found !== undefined) return found;
      const path = templatePath(apiVersion, kind);
      return path === undefined ? undefined : { path, nativeSidecars: true };
    },
  };
}

/** Those that need not be named. */
export const knownKinds = createKinds();

/**
 * A kind as `GROUP/KIND=path.to.template`; the core group is left out: `Widget=spec.template`.
 * @throws USAGE
 */
export function parseTemplateKind(text: string): TemplateKind {
  const match = /^(?:([a-z0-9.-]+)\/)?([A-Z][A-Za-z0-9]*)=\.?([^.]+(?:\.[^.]+)*)$/.exec(text);
  if (match === null) {
    throw codedError('USAGE', `"${text}" is not of the form GROUP/KIND=path.to.template`, {
      where: '--template-path',
      hint: "For example 'flink.apache.org/FlinkDeployment=spec.podTemplate'; the group without a version.",
    });
  }
  const [, group = '', kind = '', path = ''] = match;
  // Whoever names the path wants the sidecar there.
  return { group, kind, path: path.split('.'), nativeSidecars: true };
}
