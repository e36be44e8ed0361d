import { isGroup, kubernetes, valuesTree, type Fields, type Group, type Schema } from './values/index.ts';

/**
 * values.schema.json. It refuses unknown keys at every level of the chart's own values. The root accepts `global` and
 * `enabled`, because a parent chart adds them (Helm writes the condition of a dependency into its values,
 * helm/helm#10392).
 */
export function valuesSchema(): Schema {
  const enabled = { description: 'for a parent chart: the condition of its dependency on this chart', type: 'boolean' };
  const parts = Object.entries(kubernetes).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const definitions = parts.map(([name, part]) => [name, withReferences(part, part)]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the packet-capture chart',
    ...(withReferences(objectSchema(valuesTree, { enabled })) as Schema),
    definitions: Object.fromEntries(definitions),
  };
}

const names: ReadonlyMap<unknown, string> = new Map(Object.entries(kubernetes).map(([name, part]) => [part, name]));

/** A schema in which each part of a Kubernetes object is defined once. @param whole the schema without definitions */
function withReferences(node: unknown, whole?: Schema): unknown {
  const name = node === whole ? undefined : names.get(node);
  if (name !== undefined) return { $ref: `#/definitions/${name}` };
  if (Array.isArray(node)) return node.map((item) => withReferences(item));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withReferences(value)]));
}

/**
 * The schema for the chart itself, with one line for each value and a final newline. It is not indented, because Helm
 * stores the chart in the Secret of every revision.
 */
export function compactSchema(): string {
  const lines = (node: Schema): string =>
    Object.entries(node)
      .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
      .join(',\n');
  const { properties, definitions, ...rest } = valuesSchema();
  return `{${lines(rest)},\n"properties":{\n${lines(properties as Schema)}},\n"definitions":{\n${lines(definitions as Schema)}}}\n`;
}

/** The schema for people: indented, short parts on one line, with a final newline. */
export function formatSchema(): string {
  return `${formatted(valuesSchema(), '')}\n`;
}

const width = 120;

function formatted(value: unknown, indent: string): string {
  const flat = flatText(value);
  if (flat.length + indent.length <= width || typeof value !== 'object' || value === null) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value))
    return `[\n${value.map((item) => `${inner}${formatted(item, inner)}`).join(',\n')}\n${indent}]`;
  const lines = Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${formatted(item, inner)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

function flatText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flatText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${flatText(item)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

function objectSchema(fields: Fields, more: Schema = {}): Schema {
  const properties = Object.fromEntries(
    Object.entries(fields).map(([key, node]) => [
      key,
      isGroup(node) ? groupSchema(node) : { description: node.text, ...node.schema, default: node.default },
    ]),
  );
  return { type: 'object', additionalProperties: false, properties: { ...properties, ...more } };
}

function groupSchema({ text, fields, open }: Group<Fields>): Schema {
  const schema = objectSchema(fields);
  return { description: text, ...schema, ...(open === true ? { additionalProperties: true } : {}) };
}
