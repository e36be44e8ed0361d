/** The kinds of tokens of YAML 1.1. */
export type TokenType =
  | 'version directive'
  | 'tag directive'
  | 'document start'
  | 'document end'
  | 'end of text'
  | 'block sequence'
  | 'block mapping'
  | 'block end'
  | '['
  | ']'
  | '{'
  | '}'
  | ','
  | '-'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar';

/** A part of a text, with its offsets. */
export interface Token {
  readonly type: TokenType;
  readonly start: number;
  readonly end: number;
  /** The value of a scalar, the name of an alias or anchor, or the handle of a tag or its directive. */
  readonly text: string;
  /** The rest of a tag after its handle, or the prefix of its directive. */
  readonly suffix: string;
  /** Whether a scalar is neither quoted nor a block. */
  readonly plain: boolean;
}
