import { durationPattern } from '../../duration.ts';
import { labelPattern } from '../../objectNames.ts';
import { suffixPattern } from '../../quantity.ts';
import type { Schema } from './tree.ts';

/** Go reads the regular expressions of the schema too, so they use no look-ahead. */
const label = labelPattern;
const qualifiedName = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const path = '[a-z0-9]+([._-]+[a-z0-9]+)*';
const host = '[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?';

/** A string that matches the whole pattern, or is empty. */
export function orEmpty(pattern: string): Schema {
  return { type: 'string', pattern: `^(${pattern})?$` };
}

/** RFC 1123 label: the name of a namespace. */
export const namespaceName: Schema = { type: 'string', pattern: `^${label}$` };
/** The name of a namespace; empty: the default. */
export const namespaceNameOrEmpty: Schema = orEmpty(label);

/** RFC 1123 subdomain: the name of most objects. */
export const objectName: Schema = { type: 'string', pattern: `^${label}(\\.${label})*$`, maxLength: 253 };
/** The name of an object; empty: the default. */
export const objectNameOrEmpty: Schema = { ...orEmpty(`${label}(\\.${label})*`), maxLength: 253 };

/** The key of a label or an annotation. */
export const key: Schema = { type: 'string', pattern: `^(${label}(\\.${label})*/)?${qualifiedName}$`, maxLength: 317 };

/** The value of a label. */
export const labelValue: Schema = orEmpty(qualifiedName);

/** Labels of an object. A value that is not a string is refused, as by the API server. */
export const labels: Schema = {
  type: 'object',
  propertyNames: { pattern: key['pattern'] },
  additionalProperties: labelValue,
};
/** Annotations of an object, whose values are any text. */
export const annotations: Schema = {
  type: 'object',
  propertyNames: { pattern: key['pattern'] },
  additionalProperties: { type: 'string' },
};

/** The part of an image's name before the repository: a host, a port, and maybe a path; may be empty. */
export const registry: Schema = orEmpty(`${host}(/${path})*`);
/** An image's name without tag and digest (reference grammar of distribution/reference). */
export const repository: Schema = { type: 'string', pattern: `^(${host}/)?${path}(/${path})*$` };
/** The tag of an image, at most 128 characters (reference grammar of distribution/reference); may be empty. */
export const tag: Schema = orEmpty('[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}');
/** The digest of an image; may be empty. Other algorithms than SHA-256 are not in use. */
export const digest: Schema = orEmpty('sha256:[a-f0-9]{64}');

/** Pull secrets in the form of a pod's, or only their names. */
export const pullSecrets: Schema = {
  type: 'array',
  items: {
    anyOf: [
      objectName,
      { type: 'object', required: ['name'], properties: { name: objectName }, additionalProperties: false },
    ],
  },
};

/** A whole number of bytes, as parseQuantity of src/quantity.ts reads it. */
export const bytes: Schema = { type: 'string', pattern: `^[1-9][0-9]{0,15}${suffixPattern}$` };

/** A duration of Go, in whole units. */
export const duration: Schema = { type: 'string', pattern: `^${durationPattern}$` };

/** A number of pods or a percentage; empty: not set. */
export const podCount: Schema = {
  anyOf: [
    { type: 'integer', minimum: 0 },
    { type: 'string', pattern: '^([0-9]{1,3}%)?$' },
  ],
};

/** A label selector, passed on unchanged. Unknown keys are refused, so that typing errors are found. */
export const selector: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    matchLabels: labels,
    matchExpressions: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['key', 'operator'],
        properties: {
          key,
          operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
          values: { type: 'array', items: labelValue },
        },
      },
    },
  },
};

/** The bounds of a TCP port, for other schemas. */
export const port = { minimum: 1, maximum: 65535 } as const;
