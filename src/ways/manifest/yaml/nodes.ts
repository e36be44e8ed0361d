/**
 * A document as a tree whose nodes know where they stand in the text. Offsets are those of the whole text.
 *
 * `start` is the first character of the node itself, behind its anchor and tag: a block sequence's first dash, a
 * flow collection's bracket, a quoted scalar's quote, the first line below a block scalar's header. `end` is behind its
 * last one; that of a block scalar is the start of the line after it. A value that is not there (`volumes:`) starts and
 * ends behind the colon or dash.
 */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly start: number;
  readonly end: number;
  /** Neither quoted nor a block scalar: may be a number, a boolean or null. */
  readonly plain: boolean;
  readonly text: string;
  readonly anchor: string | undefined;
  /** As written: `!!str`. */
  readonly tag: string | undefined;
}

export interface AliasNode {
  readonly kind: 'alias';
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly target: CollectionNode | ScalarNode;
}

export interface Pair {
  readonly key: Node;
  readonly value: Node;
}

export interface MapNode {
  readonly kind: 'map';
  readonly flow: boolean;
  readonly start: number;
  readonly end: number;
  readonly pairs: readonly Pair[];
  readonly anchor: string | undefined;
}

export interface SequenceNode {
  readonly kind: 'sequence';
  readonly flow: boolean;
  readonly start: number;
  readonly end: number;
  readonly items: readonly Node[];
  readonly anchor: string | undefined;
}

export type CollectionNode = MapNode | SequenceNode;
export type Node = ScalarNode | AliasNode | CollectionNode;

/** The node that an alias stands for; any other node is itself. */
export function resolved(node: Node): ScalarNode | CollectionNode {
  return node.kind === 'alias' ? node.target : node;
}

/** True for a value that is not there, in contrast to `null` or `""`. */
export function isAbsent(node: Node): boolean {
  return node.kind === 'scalar' && node.plain && node.start === node.end;
}
