/** A part of the expressions with a name, for others to read as `variables.NAME`; worked out once, when first read. */
export interface Variable {
  readonly name: string;
  readonly expression: string;
}
