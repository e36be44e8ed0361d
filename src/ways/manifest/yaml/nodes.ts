/**
 * A document as a tree of nodes with their offsets in the whole text.
 *
 * `start` is the first character of the node itself, after its anchor and tag: the first dash of a block sequence, the
 * bracket of a flow collection, the quote of a quoted scalar, the first line below the header of a block scalar. `end`
 * is after its last character; for a block scalar it is the start of the next line. An absent value (`volumes:`) starts
 * and ends after the colon or dash.
 */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly start: number;
  readonly end: number;
  /** Neither quoted nor a block scalar, so it may be a number, a boolean or null. */
  readonly plain: boolean;
  readonly text: string;
  readonly anchor: string | undefined;
  /** As it is written: `!!str`. */
  readonly tag: string | undefined;
}

/** A reference to an anchor. */
export interface AliasNode {
  readonly kind: 'alias';
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly target: CollectionNode | ScalarNode;
}

/** A key of a mapping and its value. */
export interface Pair {
  readonly key: Node;
  readonly value: Node;
}

/** A mapping. */
export interface MapNode {
  readonly kind: 'map';
  readonly flow: boolean;
  readonly start: number;
  readonly end: number;
  readonly pairs: readonly Pair[];
  readonly anchor: string | undefined;
}

/** A sequence. */
export interface SequenceNode {
  readonly kind: 'sequence';
  readonly flow: boolean;
  readonly start: number;
  readonly end: number;
  readonly items: readonly Node[];
  readonly anchor: string | undefined;
}

/** A node that contains other nodes. */
export type CollectionNode = MapNode | SequenceNode;
/** Any node. */
export type Node = ScalarNode | AliasNode | CollectionNode;

/** The node to which an alias refers; any other node itself. */
export function resolved(node: Node): ScalarNode | CollectionNode {
  return node.kind === 'alias' ? node.target : node;
}

/** Whether a value is absent, in contrast to `null` or `""`. */
export function isAbsent(node: Node): boolean {
  return node.kind === 'scalar' && node.plain && node.start === node.end;
}
