import type { Fail } from '../../../src/ways/manifest/place.ts';
import { skipTrivia } from '../../../src/ways/manifest/text.ts';
import type {
  AliasNode,
  CollectionNode,
  MapNode,
  Node,
  Pair,
  ScalarNode,
  SequenceNode,
} from '../../../src/ways/manifest/yaml/nodes.ts';
import type { TreeEvent } from './treeEvents.ts';

export interface Tree {
  readonly root: Node;
  /** The anchors that an alias stands for. */
  readonly aliased: ReadonlySet<string>;
}

/**
 * Builds the tree of a document from its events. Parsers tell where collections begin, yet not where they end, nor
 * where a value would stand that is absent; both follow from the text, since nothing but white space, comments and
 * punctuation lies between two nodes.
 * @throws YAML_INVALID for an alias without an anchor before it, or inside the node that it stands for
 */
export function buildTree(text: string, events: readonly TreeEvent[], start: number, fail: Fail): Tree {
  const anchors = new Map<string, CollectionNode | ScalarNode>();
  const open = new Set<Node>();
  const aliased = new Set<string>();
  let index = 0;

  const remember = (node: CollectionNode | ScalarNode): void => {
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
  };

  /** @param place where the node would stand if it is absent */
  const read = (place: () => number): Node => {
    const event = events[index];
    index += 1;
    if (event === undefined || event.type === 'end') throw new Error('the parser gave an incomplete tree');
    if (event.type === 'alias') return readAlias(event);
    if (event.type === 'scalar') return readScalar(event, place);
    return event.type === 'map' ? readMap(event) : readSequence(event);
  };

  const readAlias = ({ start: at, end, name }: TreeEvent & { type: 'alias' }): AliasNode => {
    const target = anchors.get(name);
    if (target === undefined) throw fail('YAML_INVALID', at, `there is no anchor "${name}" before this alias`);
    if (open.has(target)) throw fail('YAML_INVALID', at, `the anchor "${name}" would contain itself`);
    aliased.add(name);
    return { kind: 'alias', start: at, end, name, target };
  };

  const readScalar = (event: TreeEvent & { type: 'scalar' }, place: () => number): ScalarNode => {
    const { plain, text: value, anchor, tag, propertiesEnd } = event;
    const absent = event.start === -1;
    const at = absent && propertiesEnd === -1 ? place() : propertiesEnd;
    const node: ScalarNode = {
      kind: 'scalar',
      start: absent ? at : event.start,
      end: absent ? at : event.end,
      plain,
      text: value,
      anchor,
      tag,
    };
    remember(node);
    return node;
  };

  const readMap = ({ start: at, flow, anchor }: TreeEvent & { type: 'map' | 'sequence' }): MapNode => {
    const pairs: Pair[] = [];
    const node = { kind: 'map' as const, flow, start: at, end: at, pairs, anchor };
    remember(node);
    open.add(node);
    let last = at;
    while (events[index]?.type !== 'end') {
      const keyPlace = last;
      const key = read(() => keyPlace);
      const value = read(() => behindColon(text, key.end));
      pairs.push({ key, value });
      last = Math.max(key.end, value.end);
    }
    index += 1;
    open.delete(node);
    node.end = flow && text[at] === '{' ? behindBracket(text, pairs.length === 0 ? at + 1 : last) : last;
    return node;
  };

  const readSequence = ({ start: at, flow, anchor }: TreeEvent & { type: 'map' | 'sequence' }): SequenceNode => {
    const items: Node[] = [];
    const node = { kind: 'sequence' as const, flow, start: at, end: at, items, anchor };
    remember(node);
    open.add(node);
    let last = at;
    while (events[index]?.type !== 'end') {
      const previous = last;
      const item = read(() => skipTrivia(text, previous) + 1);
      items.push(item);
      last = item.end;
    }
    index += 1;
    open.delete(node);
    node.end = flow ? behindBracket(text, items.length === 0 ? at + 1 : last) : last;
    return node;
  };

  const root = read(() => start);
  // Only a lone CR or a byte order mark amid the text can hide a boundary from the splitting by lines.
  if (index !== events.length - 1)
    throw fail('YAML_UNSUPPORTED', root.end, 'another document begins without a line "---"');
  return { root, aliased };
}

/** Offset behind the colon that follows a key, or behind the key if it has none: `{key}`. */
function behindColon(text: string, keyEnd: number): number {
  const at = skipTrivia(text, keyEnd);
  return text[at] === ':' ? at + 1 : keyEnd;
}

/** Offset behind the bracket that closes a flow collection whose last entry ends at `offset`. */
function behindBracket(text: string, offset: number): number {
  let at = skipTrivia(text, offset);
  while (text[at] === ',' || text[at] === ':' || text[at] === '?') at = skipTrivia(text, at + 1);
  return at + 1;
}
