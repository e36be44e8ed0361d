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

/** What a text is made of, with its offsets. */
export interface Token {
  readonly type: TokenType;
  readonly start: number;
  readonly end: number;
  /** Of a scalar its value, of an alias or anchor its name, of a tag or its directive the handle. */
  readonly text: string;
  /** Of a tag what stands behind the handle, of its directive the prefix. */
  readonly suffix: string;
  /** Of a scalar: neither quoted nor a block. */
  readonly plain: boolean;
}
