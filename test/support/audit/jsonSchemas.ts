/** A part of an OpenAPI document, or of a CustomResourceDefinition: what of it JSON Schema has too. */
export interface Definition {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Definition>>;
  readonly additionalProperties?: Definition | boolean;
  readonly items?: Definition;
  readonly 'x-kubernetes-group-version-kind'?: readonly Kind[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly [keyword: string]: unknown;
}

/** An OpenAPI document of version 2, as an API server serves it. */
export interface OpenApi {
  readonly definitions: Readonly<Record<string, Definition>>;
}

/** A kind of objects; the group of the first ones is empty. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Keywords that mean the same in JSON Schema. Of `format`, most are only known to Kubernetes. */
const copied = [
  'required',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
] as const;

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const prefix = '#/definitions/';
const draft = 'http://json-schema.org/draft-07/schema#';

/**
 * The JSON schema of a kind, in one document; undefined when the API server does not have it. Strict: fields that it
 * does not know are errors, and so is null. Pure.
 */
export function jsonSchema({ definitions }: OpenApi, wanted: Kind): object | undefined {
  const isWanted = ({ group, version, kind }: Kind): boolean =>
    group === wanted.group && version === wanted.version && kind === wanted.kind;
  const found = Object.entries(definitions).find(([, definition]) =>
    definition['x-kubernetes-group-version-kind']?.some(isWanted),
  );
  if (found === undefined) return undefined;
  const used = new Map<string, object>();
  const add = (name: string): void => {
    if (used.has(name)) return;
    used.set(name, {});
    used.set(name, name === quantity ? { type: ['string', 'number'] } : strict(definitions[name] ?? {}, add));
  };
  add(found[0]);
  return {
    $schema: draft,
    allOf: [{ $ref: `${prefix}${found[0]}` }, { required: ['apiVersion', 'kind', 'metadata'] }],
    definitions: Object.fromEntries(used),
  };
}

/** The JSON schema of a version of a CustomResourceDefinition, as strict. Pure. */
export function customSchema(schema: Definition): object {
  return { $schema: draft, ...strict(schema, () => {}) };
}

function strict(definition: Definition, add: (name: string) => void): object {
  if (definition.$ref !== undefined) {
    add(definition.$ref.slice(prefix.length));
    return { $ref: definition.$ref };
  }
  if (definition.format === 'int-or-string' || definition['x-kubernetes-int-or-string'] === true)
    return { type: ['string', 'integer'] };
  const { type, nullable, properties, items, additionalProperties } = definition;
  const isOpen = properties === undefined || definition['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    ...Object.fromEntries(copied.flatMap((key) => (key in definition ? [[key, definition[key]]] : []))),
    ...(type === undefined ? {} : { type: nullable === true ? [type, 'null'] : type }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, property]) => [name, strict(property, add)]),
          ),
        }),
    ...(items === undefined ? {} : { items: strict(items, add) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: strict(additionalProperties, add) }
      : isOpen
        ? {}
        : { additionalProperties: false }),
  };
}
