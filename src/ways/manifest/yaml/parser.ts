import type { AliasNode, CollectionNode, Node, Pair, ScalarNode } from './nodes.ts';
import { syntaxError } from './problem.ts';
import { createScanner, tooDeep, type Scanner } from './scanner.ts';
import type { Token, TokenType } from './tokens.ts';

/** One document of a text, as a tree of nodes with their offsets. */
export interface ReadDocument {
  /** Undefined for a document without content. */
  readonly root: Node | undefined;
  /** The anchors to which an alias refers. */
  readonly aliased: ReadonlySet<string>;
  /** The start of another document that begins without a marker. */
  readonly next: number | undefined;
}

/** A collection that is open. */
interface Frame {
  readonly kind:
    | 'block sequence'
    | 'indentless sequence'
    | 'block mapping'
    | 'flow sequence'
    | 'flow mapping'
    | 'flow pair';
  readonly start: number;
  readonly anchor: string | undefined;
  readonly items: Node[];
  readonly pairs: Pair[];
  readonly node: { end: number } & CollectionNode;
  key: Node | undefined;
  /** The key of a flow mapping that has no colon. */
  bare: boolean;
  /** The offset after the last child. */
  last: number;
}

const maxDepth = 10_000;

/**
 * Reads one document as the parser of kubectl does.
 * @param base added to all offsets
 * @param json see {@link createScanner}
 * @throws as {@link syntaxError}, with offsets in `text`
 * @see parserc.go of go.yaml.in/yaml/v2
 */
export function readDocument(text: string, base: number, json: boolean): ReadDocument {
  const scanner = createScanner(text, json);
  const handles = readDirectives(scanner);
  if (scanner.peek().type === 'document start') scanner.take();
  const tree = createTree(base);
  if (!endsDocument(scanner.peek().type)) {
    readNode(scanner, tree, handles, inBlock);
    for (let frame = tree.open(); frame !== undefined; frame = tree.open())
      steps[frame.kind](scanner, tree, handles, frame);
  }
  return { root: tree.root(), aliased: tree.aliased, next: nextDocument(scanner, tree.root()) };
}

function endsDocument(type: TokenType): boolean {
  return type === 'document start' || type === 'document end' || type === 'end of text' || isDirective(type);
}

function isDirective(type: TokenType): boolean {
  return type === 'version directive' || type === 'tag directive';
}

type Handles = ReadonlyMap<string, string>;

function readDirectives(scanner: Scanner): Handles {
  const handles = new Map<string, string>();
  for (let token = scanner.peek(); isDirective(token.type); token = scanner.peek()) {
    scanner.take();
    if (token.type === 'tag directive') handles.set(token.text, token.suffix);
    const next = scanner.peek();
    if (!isDirective(next.type) && next.type !== 'document start')
      throw syntaxError(next.start, 'after directives there must be a line "---"');
  }
  return handles;
}

/** Objects of JSON may follow each other, as jq writes them. */
function nextDocument(scanner: Scanner, root: Node | undefined): number | undefined {
  while (scanner.peek().type === 'document end') scanner.take();
  const { type, start } = scanner.peek();
  // Directives without a marker after them belong to no document.
  if (type === 'end of text' || isDirective(type)) return undefined;
  if (endsDocument(type) || (type === '{' && root?.kind === 'map' && root.flow)) return start;
  // kubectl stops at the end of an object's indentation.
  if (root?.kind === 'map' && !root.flow && root.pairs.some(({ key }) => key.kind === 'scalar' && key.text === 'kind'))
    return undefined;
  throw syntaxError(start, 'this is after the end of the document');
}

interface TreeBuilder {
  readonly aliased: ReadonlySet<string>;
  readonly root: () => Node | undefined;
  /** The innermost open collection. */
  readonly open: () => Frame | undefined;
  readonly begin: (kind: Frame['kind'], start: number, anchor: string | undefined) => void;
  readonly close: (frame: Frame, end: number) => void;
  readonly scalar: (node: Omit<ScalarNode, 'kind'>) => void;
  readonly absent: (at: number) => void;
  readonly alias: (token: Token) => void;
}

function createTree(base: number): TreeBuilder {
  const stack: Frame[] = [];
  const anchors = new Map<string, CollectionNode | ScalarNode>();
  const openAnchors = new Set<Node>();
  const aliased = new Set<string>();
  let root: Node | undefined;

  const attach = (node: Node): void => {
    const frame = stack.at(-1);
    if (frame === undefined) {
      root = node;
      return;
    }
    frame.last = Math.max(frame.last, node.end - base);
    if (frame.node.kind === 'sequence') frame.items.push(node);
    else if (frame.key === undefined) frame.key = node;
    else {
      frame.pairs.push({ key: frame.key, value: node });
      frame.key = undefined;
    }
  };
  const scalar = (node: Omit<ScalarNode, 'kind'>): void => {
    const { start, end, plain, text, anchor, tag } = node;
    const made: ScalarNode = { kind: 'scalar', start: base + start, end: base + end, plain, text, anchor, tag };
    if (anchor !== undefined) anchors.set(anchor, made);
    attach(made);
  };

  return {
    aliased,
    root: () => root,
    open: () => stack.at(-1),
    begin(kind, start, anchor) {
      if (stack.length >= maxDepth) throw tooDeep(start);
      const [items, pairs]: [Node[], Pair[]] = [[], []];
      const flow = kind.startsWith('flow');
      const at = base + start;
      const node = kind.endsWith('sequence')
        ? { kind: 'sequence' as const, flow, start: at, end: at, items, anchor }
        : { kind: 'map' as const, flow, start: at, end: at, pairs, anchor };
      if (anchor !== undefined) {
        anchors.set(anchor, node);
        openAnchors.add(node);
      }
      stack.push({ kind, start, anchor, items, pairs, node, key: undefined, bare: false, last: start });
    },
    close({ node }, end) {
      node.end = base + end;
      stack.pop();
      openAnchors.delete(node);
      attach(node);
    },
    scalar,
    absent: (at) => scalar({ start: at, end: at, plain: true, text: '', anchor: undefined, tag: undefined }),
    alias({ start, end, text: name }) {
      const target = anchors.get(name);
      if (target === undefined) throw syntaxError(start, `there is no anchor "${name}" before this alias`);
      if (openAnchors.has(target)) throw syntaxError(start, `the anchor "${name}" would contain itself`);
      aliased.add(name);
      const node: AliasNode = { kind: 'alias', start: base + start, end: base + end, name, target };
      attach(node);
    },
  };
}

type Step = (scanner: Scanner, tree: TreeBuilder, handles: Handles, frame: Frame) => void;

interface Context {
  readonly block: boolean;
  /** A list may begin at the column of its key. */
  readonly indentless: boolean;
}

const inBlock: Context = { block: true, indentless: false };
const belowKey: Context = { block: true, indentless: true };
const inFlow: Context = { block: false, indentless: false };

function readNode(scanner: Scanner, tree: TreeBuilder, handles: Handles, { block, indentless }: Context): void {
  if (scanner.peek().type === 'alias') return tree.alias(scanner.take());
  const { anchor, tag, end } = readProperties(scanner, handles);
  const { type, start } = scanner.peek();
  if (type === 'scalar') {
    const token = scanner.take();
    return tree.scalar({ start, end: token.end, plain: token.plain, text: token.text, anchor, tag });
  }
  if (indentless && type === '-') return tree.begin('indentless sequence', start, anchor);
  const kind = collectionKinds[type];
  if (kind !== undefined && (block || kind.startsWith('flow'))) {
    scanner.take();
    return tree.begin(kind, start, anchor);
  }
  if (end === undefined) throw syntaxError(start, 'a value was expected here');
  return tree.scalar({ start: end, end, plain: true, text: '', anchor, tag });
}

const collectionKinds: Readonly<Partial<Record<TokenType, Frame['kind']>>> = {
  'block sequence': 'block sequence',
  'block mapping': 'block mapping',
  '[': 'flow sequence',
  '{': 'flow mapping',
};

interface Properties {
  readonly anchor: string | undefined;
  readonly tag: string | undefined;
  /** The offset after the last of them; undefined without any. */
  readonly end: number | undefined;
}

/** An anchor and a tag, one of each at most. */
function readProperties(scanner: Scanner, handles: Handles): Properties {
  let anchor: string | undefined;
  let tag: string | undefined;
  let end: number | undefined;
  for (let { type } = scanner.peek(); type === 'anchor' || type === 'tag'; { type } = scanner.peek()) {
    if ((type === 'anchor' ? anchor : tag) !== undefined) break;
    const token = scanner.take();
    if (type === 'anchor') anchor = token.text;
    else tag = tagOf(token, handles);
    end = token.end;
  }
  return { anchor, tag, end };
}

function tagOf({ start, text: handle, suffix }: Token, handles: Handles): string {
  if (handle === '') return shortTag(suffix);
  const prefix = handles.get(handle) ?? (handle === '!' ? '!' : handle === '!!' ? yamlTags : undefined);
  if (prefix === undefined) throw syntaxError(start, `no %TAG line defines ${handle}`);
  return shortTag(prefix + suffix);
}

/** Reads the next part of a collection, by its kind. */
const steps: Readonly<Record<Frame['kind'], Step>> = {
  'block sequence'(scanner, tree, handles, frame) {
    const { type, start } = scanner.peek();
    if (type === 'block end') {
      scanner.take();
      return tree.close(frame, frame.last);
    }
    if (type !== '-') throw syntaxError(start, 'an item of the list, "- ", was expected at this indentation');
    return readItem(scanner, tree, handles, ['-', 'block end']);
  },
  'indentless sequence'(scanner, tree, handles, frame) {
    if (scanner.peek().type !== '-') return tree.close(frame, frame.last);
    return readItem(scanner, tree, handles, ['-', 'key', 'value', 'block end']);
  },
  'block mapping'(scanner, tree, handles, frame) {
    const { type, start } = scanner.peek();
    const ends: readonly TokenType[] = ['key', 'value', 'block end'];
    if (frame.key !== undefined) {
      if (type !== 'value') return tree.absent(frame.last);
      const { end } = scanner.take();
      return ends.includes(scanner.peek().type) ? tree.absent(end) : readNode(scanner, tree, handles, belowKey);
    }
    if (type === 'block end') {
      scanner.take();
      return tree.close(frame, frame.last);
    }
    if (type !== 'key') throw syntaxError(start, 'a key was expected at this indentation');
    const { end } = scanner.take();
    return ends.includes(scanner.peek().type) ? tree.absent(end) : readNode(scanner, tree, handles, belowKey);
  },
  'flow sequence'(scanner, tree, handles, frame) {
    checkClosed(scanner, frame);
    if (frame.items.length > 0 && scanner.peek().type !== ']') takeComma(scanner, ']');
    const { type, start } = scanner.peek();
    if (type === ']') return tree.close(frame, scanner.take().end);
    if (type !== 'key') return readNode(scanner, tree, handles, inFlow);
    scanner.take();
    return tree.begin('flow pair', start, undefined);
  },
  'flow pair'(scanner, tree, handles, frame) {
    const ends: readonly TokenType[] = ['value', ',', ']'];
    if (frame.pairs.length > 0) return tree.close(frame, frame.last);
    if (frame.key === undefined)
      return ends.includes(scanner.peek().type) ? tree.absent(frame.last) : readNode(scanner, tree, handles, inFlow);
    return readFlowValue(scanner, tree, handles, frame, ends);
  },
  'flow mapping'(scanner, tree, handles, frame) {
    checkClosed(scanner, frame);
    const ends: readonly TokenType[] = ['value', ',', '}'];
    if (frame.key !== undefined)
      return frame.bare ? tree.absent(frame.last) : readFlowValue(scanner, tree, handles, frame, ends);
    if (frame.pairs.length > 0 && scanner.peek().type !== '}') takeComma(scanner, '}');
    const { type } = scanner.peek();
    if (type === '}') return tree.close(frame, scanner.take().end);
    frame.bare = type !== 'key';
    if (frame.bare) return readNode(scanner, tree, handles, inFlow);
    const { end } = scanner.take();
    return ends.includes(scanner.peek().type) ? tree.absent(end) : readNode(scanner, tree, handles, inFlow);
  },
};

function readItem(scanner: Scanner, tree: TreeBuilder, handles: Handles, ends: readonly TokenType[]): void {
  const { end } = scanner.take();
  if (ends.includes(scanner.peek().type)) tree.absent(end);
  else readNode(scanner, tree, handles, inBlock);
}

function readFlowValue(
  scanner: Scanner,
  tree: TreeBuilder,
  handles: Handles,
  frame: Frame,
  ends: readonly TokenType[],
): void {
  if (scanner.peek().type !== 'value') return tree.absent(frame.last);
  const { end } = scanner.take();
  const { type } = scanner.peek();
  return type !== 'value' && ends.includes(type) ? tree.absent(end) : readNode(scanner, tree, handles, inFlow);
}

function takeComma(scanner: Scanner, bracket: string): void {
  const { type, start } = scanner.peek();
  if (type !== ',') throw syntaxError(start, `"," or "${bracket}" was expected here`);
  scanner.take();
}

function checkClosed(scanner: Scanner, { start, node }: Frame): void {
  if (scanner.peek().type === 'end of text')
    throw syntaxError(start, `this ${node.kind === 'map' ? '{' : '['} is not closed`);
}

/** The prefix that `!!` means. */
const yamlTags = 'tag:yaml.org,2002:';

/** The form `!!str` for a tag of YAML; any other tag unchanged. */
function shortTag(tag: string): string {
  return tag.startsWith(yamlTags) ? `!!${tag.slice(yamlTags.length)}` : tag;
}
