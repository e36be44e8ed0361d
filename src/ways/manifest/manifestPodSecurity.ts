import { podSecurityLabel, type PodSecurityLevel } from '../../inject/index.ts';
import { objectsOf } from './manifestObjects.ts';
import { openManifest, readDocuments } from './parseDocument.ts';
import type { Origin } from './text.ts';

/** False for a text that certainly contains no Pod Security label. */
export function mayEnforce(text: string): boolean {
  return text.includes(podSecurityLabel);
}

const levels: readonly PodSecurityLevel[] = ['privileged', 'baseline', 'restricted'];

/** The level by the name of a namespace. */
export type PodSecurityByNamespace = ReadonlyMap<string, PodSecurityLevel>;

/**
 * The Pod Security levels of the Namespace objects in a text. If manifests are in several files, the levels of all
 * files must be collected before the injection.
 * @param file the name of the text in errors
 * @param origin if the text is a part of its file
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
