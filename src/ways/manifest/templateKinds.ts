import { customKinds, groupOf, templatePath, workloadKinds } from '../../kubernetes/api/kinds.ts';
import type { OwnTemplateKind, PathStep } from './templatePath.ts';

/** The place of a pod template in a kind. */
export interface TemplatePlace {
  /** The path from the object; empty for a Pod. */
  readonly path: readonly PathStep[];
  readonly nativeSidecars: boolean;
  /** The user's text, if the user named the place. Then there must be something. */
  readonly given?: string;
  /** See {@link TemplateKind}. */
  readonly imageElsewhere?: boolean;
}

/** The kinds with a pod template that a command knows. */
export interface Kinds {
  /** Whether a kind of this name has a pod template, in any API group. */
  has(kind: string): boolean;
  /** Whether other API groups may use the name for another kind. */
  inOneGroup(kind: string): boolean;
  /** The places; none for a kind that is not a workload, several if its objects have several pod templates. */
  places(apiVersion: string, kind: string): readonly TemplatePlace[];
  /** The names of the kinds. */
  readonly names: readonly string[];
}

/** The known kinds and those of the user. @param own kinds of the user, which replace known ones */
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
      // The user named the path, so the sidecar is added there.
      if (given.length > 0)
        return given.map(({ path, text }) => ({ path, nativeSidecars: true, imageElsewhere: true, given: text }));
      const found = customKinds.find((row) => row.kind === kind && row.group === group);
      if (found !== undefined) return [found];
      const path = templatePath(apiVersion, kind);
      return path === undefined ? [] : [{ path, nativeSidecars: true }];
    },
  };
}

/** The kinds that every command knows. */
export const knownKinds = createKinds();
