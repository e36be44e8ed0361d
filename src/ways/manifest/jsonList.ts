import { plainJson } from '../../plainText.ts';
import { openManifest, readDocuments } from './parseDocument.ts';
import type { Origin } from './text.ts';

/** Writes manifests as JSON like `kubectl -o json`: one object alone, several as the items of a List. */
export interface JsonList {
  /** @throws YAML_INVALID, MANIFEST_INVALID */
  add(part: { readonly text: string; readonly file: string; readonly origin: Origin }): string;
  end(): string;
}

const head = '{\n  "apiVersion": "v1",\n  "kind": "List",\n  "items": [';

/** Makes an empty list. */
export function createJsonList(): JsonList {
  let count = 0;
  let first: unknown;
  const write = (value: unknown): string => {
    count += 1;
    if (count === 1) {
      first = value;
      return '';
    }
    return `${count === 2 ? `${head}${item(first)}` : ''},${item(value)}`;
  };
  return {
    add({ text, file, origin }) {
      let written = '';
      for (const { root, values, fail } of readDocuments(openManifest(text, file, origin))) {
        const value = values.of(root);
        if (value === null) continue;
        if (typeof value !== 'object' || Array.isArray(value))
          throw fail('MANIFEST_INVALID', root.start, 'this is not an object');
        for (const object of itemsOf(value)) written += write(object);
      }
      return written;
    },
    end() {
      if (count === 0) return `${head}]\n}\n`;
      return count === 1 ? `${plainJson(first, 2)}\n` : '\n  ]\n}\n';
    },
  };
}

/** The items of a List, because kubectl does not read a List in a List. */
function itemsOf(value: object): readonly unknown[] {
  const { kind, items } = value as { readonly kind?: unknown; readonly items?: unknown };
  return kind === 'List' && Array.isArray(items) ? items.flatMap((object) => itemsOf(object as object)) : [value];
}

function item(value: unknown): string {
  return `\n${plainJson(value, 2)}`.replaceAll('\n', '\n    ');
}
