import { podSecurityLabel, type PodSecurityLevel } from '../../inject/index.ts';
import { objectsOf } from './manifestObjects.ts';
import { openManifest, readDocuments } from './parseDocument.ts';
import type { Origin } from './text.ts';

/** False for a text that surely says nothing about Pod Security. */
export function mayEnforce(text: string): boolean {
  return text.includes(podSecurityLabel);
}

const levels: readonly PodSecurityLevel[] = ['privileged', 'baseline', 'restricted'];

export type PodSecurityByNamespace = ReadonlyMap<string, PodSecurityLevel>;

/**
 * The Pod Security levels that the Namespace objects of a text enforce. For manifests that are spread over several
 * files: collect from all, then inject into each.
 * @param file the text's name for errors
 * @param origin of a text that is a part of its file
 * @throws YAML_INVALID, MANIFEST_INVALID for a level that Kubernetes does not know
 */
export function collectPodSecurity(text: string, file: string, origin?: Origin): PodSecurityByNamespace {
  const found = new Map<string, PodSecurityLevel>();
  if (!mayEnforce(text)) return found;
  for (const parsed of readDocuments(openManifest(text, file, origin))) {
    for (const { document, kind, apiVersion, node } of objectsOf(parsed)) {
      if (kind !== 'Namespace' || apiVersion !== 'v1') continue;
      const { metadata } = document.values.of(node) as {
        metadata?: { name?: unknown; labels?: Record<string, unknown> | null } | null;
      };
      const value = metadata?.labels?.[podSecurityLabel];
      if (value == null) continue;
      const level = levels.find((known) => known === value);
      if (level === undefined) {
        throw document.fail(
          'MANIFEST_INVALID',
          node.start,
          `the label ${podSecurityLabel} of this namespace must be one of ${levels.join(', ')}`,
        );
      }
      found.set(String(metadata?.name), level);
    }
  }
  return found;
}
