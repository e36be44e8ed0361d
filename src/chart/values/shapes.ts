import type { Schema } from './tree.ts';

/**
 * What the API server reads a part of an object as: a number where it wants text is refused there, in the middle of an
 * install. Keys that are not named here may stand there too: a later Kubernetes has more. As its decoder does, null is
 * taken for what is not there.
 * @see https://github.com/kubernetes/kubernetes/blob/v1.37.0/staging/src/k8s.io/api/core/v1/types.go
 */

export const text: Schema = { type: ['string', 'null'] };
export const integer: Schema = { type: ['integer', 'null'] };
export const bool: Schema = { type: ['boolean', 'null'] };
/** A port or its name, a count or a percentage. */
export const intOrText: Schema = { type: ['integer', 'string', 'null'] };

/** Not negative: `100m`, `1.5`, `64Mi`, `1e3`. */
export const quantity: Schema = {
  anyOf: [
    { type: 'null' },
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: '^[+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$' },
  ],
};

export function oneOf(...choices: readonly string[]): Schema {
  return { type: ['string', 'null'], enum: [...choices, null] };
}

export function listOf(items: Schema): Schema {
  return { type: ['array', 'null'], items };
}

export function mapOf(values: Schema): Schema {
  return { type: ['object', 'null'], additionalProperties: values };
}

/** Its known keys; `required` ones must be there. */
export function shape(properties: Readonly<Record<string, Schema>>, ...required: readonly string[]): Schema {
  return { type: ['object', 'null'], properties, ...(required.length === 0 ? {} : { required }) };
}

/** Each of these keys. */
export function each(schema: Schema, ...keys: readonly string[]): Readonly<Record<string, Schema>> {
  return Object.fromEntries(keys.map((key) => [key, schema]));
}
