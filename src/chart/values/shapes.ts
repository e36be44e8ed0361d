import type { Schema } from './tree.ts';

/**
 * The types of fields of Kubernetes objects. Without them a wrong type, such as a number for a string, would be found
 * only by the API server in the middle of an install. Unknown keys are allowed, because later versions of Kubernetes
 * have more. null counts as absent, as in the API server's decoder.
 * @see https://github.com/kubernetes/kubernetes/blob/v1.37.0/staging/src/k8s.io/api/core/v1/types.go
 */

/** Any string. */
export const text: Schema = { type: ['string', 'null'] };
/** A whole number. The API server refuses numbers with a fraction. */
export const integer: Schema = { type: ['integer', 'null'] };
/** A boolean. The API server refuses the string "true". */
export const bool: Schema = { type: ['boolean', 'null'] };
/** A port number or name, or a count or percentage. */
export const intOrText: Schema = { type: ['integer', 'string', 'null'] };

/** A quantity that is not negative: `100m`, `1.5`, `64Mi`, `1e3`. */
export const quantity: Schema = {
  anyOf: [
    { type: 'null' },
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: '^[+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$' },
  ],
};

/** One of these strings. Only for fields whose choices are the same in every version of Kubernetes. */
export function oneOf(...choices: readonly string[]): Schema {
  return { type: ['string', 'null'], enum: [...choices, null] };
}

/** A list whose items all have this schema. */
export function listOf(items: Schema): Schema {
  return { type: ['array', 'null'], items };
}

/** A map with any keys, whose values all have this schema. */
export function mapOf(values: Schema): Schema {
  return { type: ['object', 'null'], additionalProperties: values };
}

/** An object with these known keys, of which the `required` ones must be present. */
export function shape(properties: Readonly<Record<string, Schema>>, ...required: readonly string[]): Schema {
  return { type: ['object', 'null'], properties, ...(required.length === 0 ? {} : { required }) };
}

/** The same schema for each of these keys. */
export function each(schema: Schema, ...keys: readonly string[]): Readonly<Record<string, Schema>> {
  return Object.fromEntries(keys.map((key) => [key, schema]));
}
