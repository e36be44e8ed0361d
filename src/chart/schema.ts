import { isGroup, valuesTree, type Fields, type Group, type Schema } from './values/index.ts';

/**
 * values.schema.json: strict at every level of our own. `global` and `enabled` are what a parent chart adds, so the root
 * takes them (the condition of a dependency is written into its values, see helm/helm#10392).
 */
export function valuesSchema(): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the packet-capture chart',
    ...objectSchema(valuesTree, { enabled: { description: 'for a parent chart: the condition of the dependency', type: 'boolean' } }),
  };
}

/** As a file: indented, with a final newline. */
export function formatSchema(): string {
  return `${JSON.stringify(valuesSchema(), null, 2)}\n`;
}

function objectSchema(fields: Fields, more: Schema = {}): Schema {
  const properties = Object.fromEntries(
    Object.entries(fields).map(([key, node]) => [key, isGroup(node) ? groupSchema(node) : { description: node.text, ...node.schema, default: node.default }]),
  );
  return { type: 'object', additionalProperties: false, properties: { ...properties, ...more } };
}

function groupSchema({ text, fields, open }: Group<Fields>): Schema {
  const schema = objectSchema(fields);
  return { description: text, ...schema, ...(open === true ? { additionalProperties: true } : {}) };
}
