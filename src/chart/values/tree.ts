/** JSON schema, draft-07, which every Helm from 3 on reads. */
export type Schema = Readonly<Record<string, unknown>>;

/** One value of the chart: its default, one line for people, and its schema. */
export interface Leaf<T> {
  readonly default: T;
  readonly text: string;
  readonly schema: Schema;
}

/** A mapping in the values: one line for people, and its keys. */
export interface Group<F extends Fields> {
  readonly text: string;
  readonly fields: F;
  /** The keys are known, but none is set: the default is an empty mapping. */
  readonly unset?: true;
  /** Other keys are allowed too. */
  readonly open?: true;
}

/** One value, or a mapping of values. */
export type Node = Leaf<unknown> | Group<Fields>;
/** The nodes of a mapping, by key, in the order of values.yaml. */
export interface Fields {
  readonly [key: string]: Node;
}

/** The type of the values that a tree describes. */
export type ValuesOf<F> = {
  readonly [K in keyof F]: F[K] extends { readonly fields: infer G; readonly unset: true }
    ? Partial<ValuesOf<G>>
    : F[K] extends { readonly fields: infer G }
      ? ValuesOf<G>
      : F[K] extends Leaf<infer T>
        ? T
        : never;
};

/** The type of a user's values, which may contain any part of them. Helm replaces lists as a whole. */
export type Overrides<T> = {
  readonly [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Overrides<T[K]> : T[K];
};

/** Tells a mapping from a value. */
export function isGroup(node: Node): node is Group<Fields> {
  return 'fields' in node;
}

/** Makes a mapping; the type of each key is kept. */
export function group<const F extends Fields>(text: string, fields: F): { text: string; fields: F } {
  return { text, fields };
}

/** Makes a leaf. Its type is that of the default, unless it is named. */
export function leaf<T>(value: T, text: string, schema: Schema): Leaf<T> {
  return { default: value, text, schema };
}

/** A boolean with this default. */
export function flag(value: boolean, text: string): Leaf<boolean> {
  return leaf(value, text, { type: 'boolean' });
}

/** @param maximum by default the largest int32, the type in Kubernetes */
export function integer(value: number, text: string, minimum: number, maximum = 2 ** 31 - 1): Leaf<number> {
  return leaf(value, text, { type: 'integer', minimum, maximum });
}

/** A string out of `choices`; the default must be one of them. */
export function choice<const T extends string>(value: NoInfer<T>, text: string, choices: readonly T[]): Leaf<T> {
  return leaf<T>(value, text, { type: 'string', enum: choices });
}

/** A string, which `schema` can restrict. */
export function string(value: string, text: string, schema: Schema = {}): Leaf<string> {
  return leaf(value, text, { type: 'string', ...schema });
}

/** A mapping with any content. */
export type Json = Readonly<Record<string, unknown>>;

/** A part of a Kubernetes object, passed on unchanged. @param schema of kubernetesSchemas.ts */
export function passed(text: string, schema: Schema, value: Json = {}): Leaf<Json> {
  return leaf(value, text, { type: 'object', allOf: [schema] });
}

/** A list of such parts. @param schema of kubernetesSchemas.ts */
export function passedList(text: string, schema: Schema): Leaf<readonly Json[]> {
  return leaf<readonly Json[]>([], text, { type: 'array', items: { type: 'object' }, allOf: [schema] });
}
