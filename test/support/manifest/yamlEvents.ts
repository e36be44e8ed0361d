import { isAlias, isMap, isSeq, parseDocument, type ParsedNode, type Scalar } from 'yaml';
import type { TreeEvent } from './treeEvents.ts';

/**
 * The events of one document by the `yaml` package, to hold ours against.
 * @param text of the document
 * @param base offset of the document in the whole text
 */
export function yamlEvents(text: string, base: number): TreeEvent[] {
  const { contents, errors } = parseDocument(text, {
    version: '1.1',
    schema: 'failsafe',
    uniqueKeys: false,
    logLevel: 'silent',
  });
  if (errors[0] !== undefined) throw errors[0];
  if (contents === null) return [];
  const events: TreeEvent[] = [];
  pushNode(text, contents, base, events);
  events.push({ type: 'end' });
  return events;
}

function pushNode(text: string, node: ParsedNode | null, base: number, events: TreeEvent[]): void {
  if (isAlias(node)) {
    events.push({ type: 'alias', start: base + node.range[0], end: base + node.range[1], name: node.source });
  } else if (isMap(node) || isSeq(node)) {
    const start = base + node.range[0];
    events.push({ type: isMap(node) ? 'map' : 'sequence', start, flow: node.flow === true, anchor: node.anchor });
    if (isSeq(node)) for (const item of node.items) pushNode(text, item, base, events);
    else for (const { key, value } of node.items) for (const child of [key, value]) pushNode(text, child, base, events);
    events.push({ type: 'end' });
  } else {
    events.push(scalarEvent(text, node, base));
  }
}

/** A key or value that is not even written as an empty one: `{a}`. */
const noScalar: TreeEvent = {
  type: 'scalar',
  start: -1,
  end: -1,
  plain: true,
  text: '',
  anchor: undefined,
  tag: undefined,
  propertiesEnd: -1,
};

function scalarEvent(
  text: string,
  node: (Scalar & { range: readonly [number, number, number] }) | null,
  base: number,
): TreeEvent {
  if (node === null) return noScalar;
  const {
    range: [first, end],
    type,
  } = node;
  const plain = type === 'PLAIN';
  const block = type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED';
  const start = block ? behindHeader(text, first) : first;
  const absent = plain && start === end;
  return {
    type: 'scalar',
    start: absent ? -1 : base + start,
    end: base + (block ? behindSpaces(text, end) : end),
    plain,
    text: typeof node.value === 'string' ? node.value : '',
    anchor: node.anchor,
    tag: node.tag?.replace('tag:yaml.org,2002:', '!!'),
    propertiesEnd: node.anchor === undefined && node.tag === undefined ? -1 : base + start,
  };
}

/** The content of a block scalar begins on the line after its `|` or `>`. */
function behindHeader(text: string, start: number): number {
  const lineBreak = text.indexOf('\n', start);
  return lineBreak === -1 ? text.length : lineBreak + 1;
}

/** yaml takes no line of spaces at the end of a block scalar for content, yet one that is indented more is. */
function behindSpaces(text: string, end: number): number {
  return end + (/^(?: *\r?\n)* +\r?\n/.exec(text.slice(end))?.[0].length ?? 0);
}
