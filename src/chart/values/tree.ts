/** JSON schema, draft-07: what every helm from 3 on reads. */
export type Schema = Readonly<Record<string, unknown>>;

/** One value of the chart: its default, one line for people, and what may stand there. */
export interface Leaf<T> {
  readonly default: T;
  readonly text: string;
  readonly schema: Schema;
}

export interface Group<F extends Fields> {
  readonly text: string;
  readonly fields: F;
  /** Its keys are known, yet none is set: the default is an empty mapping. */
  readonly unset?: true;
  /** Keys of others may stand there too. */
  readonly open?: true;
}

export type Node = Leaf<unknown> | Group<Fields>;
export interface Fields {
  readonly [key: string]: Node;
}

/** The values that a tree describes, whole. */
export type ValuesOf<F> = {
  readonly [K in keyof F]: F[K] extends { readonly fields: infer G; readonly unset: true }
    ? Partial<ValuesOf<G>>
    : F[K] extends { readonly fields: infer G }
      ? ValuesOf<G>
      : F[K] extends Leaf<infer T>
        ? T
        : never;
};

/** What a user writes over the defaults: any part of them. Lists are replaced whole, as helm does it. */
export type Overrides<T> = {
  readonly [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Overrides<T[K]> : T[K];
};

export function isGroup(node: Node): node is Group<Fields> {
  return 'fields' in node;
}

export function group<const F extends Fields>(text: string, fields: F): { text: string; fields: F } {
  return { text, fields };
}

/** Makes a leaf; the type of its values is that of the default unless it is named. */
export function leaf<T>(value: T, text: string, schema: Schema): Leaf<T> {
  return { default: value, text, schema };
}

export function flag(value: boolean, text: string): Leaf<boolean> {
  return leaf(value, text, { type: 'boolean' });
}

/** @param maximum that of Kubernetes' int32 unless told */
export function integer(value: number, text: string, minimum: number, maximum = 2 ** 31 - 1): Leaf<number> {
  return leaf(value, text, { type: 'integer', minimum, maximum });
}

export function choice<const T extends string>(value: NoInfer<T>, text: string, choices: readonly T[]): Leaf<T> {
  return leaf<T>(value, text, { type: 'string', enum: choices });
}

/** A string; `schema` says which. */
export function string(value: string, text: string, schema: Schema = {}): Leaf<string> {
  return leaf(value, text, { type: 'string', ...schema });
}

export type Json = Readonly<Record<string, unknown>>;

/** A part of a Kubernetes object, handed on as it is. @param schema of kubernetesSchemas.ts */
export function passed(text: string, schema: Schema, value: Json = {}): Leaf<Json> {
  return leaf(value, text, { type: 'object', allOf: [schema] });
}

/** A list of such parts. @param schema of kubernetesSchemas.ts */
export function passedList(text: string, schema: Schema): Leaf<readonly Json[]> {
  return leaf<readonly Json[]>([], text, { type: 'array', items: { type: 'object' }, allOf: [schema] });
}
