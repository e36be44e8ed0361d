import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocuments } from '../../../../../src/ways/manifest/parseDocument.ts';

/** What kubectl 1.37 makes of a text. */
interface Reading {
  readonly text: string;
  /** Its words, when it refuses the text. */
  readonly error?: string;
  /** What it has read until then. */
  readonly documents: readonly unknown[];
}

const file = join(import.meta.dirname, '../../../../fixtures/readByKubectl.json');
const readings = JSON.parse(await readFile(file, 'utf8')) as Readonly<Record<string, readonly Reading[]>>;

/** Empty documents are left out, as kubectl does. */
function read(text: string): unknown[] {
  return Array.from(parseDocuments(text, 'f'), ({ root, values }) => values.of(root)).filter((value) => value !== null);
}

/** What it refuses and we read: texts that say clearly what they mean, in a form that its reader lacks. */
const readHere: readonly string[] = [
  "a:\n- 'b\n---x'\n",
  '%YAML 1.1\n---\na: b\n',
  '%TAG !b! tag:yaml.org,2002:\n--- !b!str 1\n',
  'a: !!int b\n',
];

const named = (cases: readonly Reading[]): (readonly [string, Reading])[] =>
  cases.map((reading) => [JSON.stringify(reading.text).slice(0, 80), reading]);

describe.each(Object.entries(readings))('%s', (_, cases) => {
  test.each(named(cases.filter(({ error }) => error === undefined)))(
    'as kubectl reads it: %s',
    (_name, { text, documents }) => {
      expect(read(text)).toEqual(documents);
    },
  );

  const refused = cases.filter(({ text, error }) => error !== undefined && !readHere.includes(text));
  test.each(named(refused))('refused as by kubectl: %s', (_name, { text }) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'YAML_INVALID' }));
  });
});

test.each(readHere)('what it refuses is read: %j', (text) => {
  expect(read(text)).toHaveLength(1);
});
