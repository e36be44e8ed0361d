import type { Step } from './manifestObjects.ts';
import type { ParsedDocument } from './parseDocument.ts';

/**
 * Refuses to change a part of the text that is used in several places.
 * @throws YAML_UNSUPPORTED
 */
export function refuseShared({ fail, aliased }: ParsedDocument, { node, mergedAt }: Step): void {
  if (mergedAt !== undefined)
    throw fail(
      'YAML_UNSUPPORTED',
      mergedAt,
      'this would have to be changed, and it is merged (<<) into the workload from here',
    );
  if (node.kind === 'alias')
    throw fail('YAML_UNSUPPORTED', node.start, 'this would have to be changed, and it is an alias');
  if (node.anchor !== undefined && aliased.has(node.anchor)) {
    throw fail(
      'YAML_UNSUPPORTED',
      node.start,
      `this would have to be changed, and its anchor "${node.anchor}" is used elsewhere too`,
    );
  }
}
