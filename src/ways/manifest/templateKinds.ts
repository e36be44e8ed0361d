import { customKinds, groupOf, templatePath, workloadKinds } from '../../kubernetes/api/kinds.ts';
import type { OwnTemplateKind, PathStep } from './templatePath.ts';

/** Where a kind has a pod template. */
export interface TemplatePlace {
  /** From the object; empty for a Pod. */
  readonly path: readonly PathStep[];
  readonly nativeSidecars: boolean;
  /** The user's own words for a place that was given: there must be something. */
  readonly given?: string;
  /** See {@link TemplateKind}. */
  readonly imageElsewhere?: boolean;
}

/** The kinds with a pod template that a run knows. */
export interface Kinds {
  /** True if the kind of this name has a pod template in some API group. */
  has(kind: string): boolean;
  /** True for the name of a kind that other API groups may use for something else. */
  inOneGroup(kind: string): boolean;
  /** Empty for what is no workload; several for a kind whose objects have several pod templates. */
  places(apiVersion: string, kind: string): readonly TemplatePlace[];
  /** As users name them. */
  readonly names: readonly string[];
}

/** @param own kinds of the user's, which take the place of those that are known */
export function createKinds(own: readonly OwnTemplateKind[] = []): Kinds {
  const names = [...new Set([...workloadKinds, ...[...own, ...customKinds].map(({ kind }) => kind)])];
  const known = new Set(names);
  return {
    names,
    has: (kind) => known.has(kind),
    inOneGroup: (kind) => !workloadKinds.includes(kind),
    places(apiVersion, kind) {
      const group = groupOf(apiVersion);
      const given = own.filter((row) => row.kind === kind && (row.group === group || row.group === ''));
      // Who names the path wants the sidecar there.
      if (given.length > 0)
        return given.map(({ path, text }) => ({ path, nativeSidecars: true, imageElsewhere: true, given: text }));
      const found = customKinds.find((row) => row.kind === kind && row.group === group);
      if (found !== undefined) return [found];
      const path = templatePath(apiVersion, kind);
      return path === undefined ? [] : [{ path, nativeSidecars: true }];
    },
  };
}

/** Those that need not be named. */
export const knownKinds = createKinds();
