import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { CustomSidecarConfig } from '../../../../src/sidecar/index.ts';
import { injectManifest } from '../../../../src/ways/manifest/index.ts';
import { parseDocuments } from '../../../../src/ways/manifest/parseDocument.ts';
import { runs } from '../../../support/manifest/runs.ts';

const { numRuns, timeout } = runs(6);

/** Strings that YAML, or kubectl's reading of it, would take for something else. */
const hard = [
  '',
  ' ',
  'a ',
  ' a',
  '\t',
  '\n',
  'a\nb\n',
  '\r\n',
  '\x00',
  '\x1b',
  '\x7f',
  '\x85',
  '\xa0',
  '\u2000',
  '\u2028',
  '\ufeff',
  '\uffff',
  '😀',
  '中文',
  '0o17',
  '0B11',
  '0X1F',
  '08',
  '1e3',
  '1_000',
  '12:30:45',
  '2001-01-01',
  '=',
  '<<',
  '~',
  'null',
  'y',
  'No',
  '.inf',
  '.5',
  '-0',
  'e0',
  '?',
  '? a',
  '-',
  '- a',
  '---',
  '...',
  ':',
  'a:',
  'a: b',
  '#',
  'a #',
  '!a',
  '&a',
  '*a',
  '%a',
  '@a',
  '`a',
  '|',
  '>',
  '{',
  ']',
  ',',
  '"',
  "'",
  `'"`,
  '\\',
  '\\n',
  '{{ x }}',
  '$(x)',
  'x'.repeat(500),
  'x '.repeat(300),
];
const block = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a\n';
const flow = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n';
const json = JSON.stringify(
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'a', image: 'a' }] } },
  null,
  2,
);

test.each([
  ['block', block],
  ['block with CRLF', block.replaceAll('\n', '\r\n')],
  ['flow', flow],
  ['JSON', json],
])(
  'every string survives in a %s',
  (_, text) => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...hard), fc.string({ unit: 'binary', maxLength: 10 })), {
          minLength: 1,
          maxLength: 20,
        }),
        (strings) => {
          const env = Object.fromEntries(strings.map((string, index) => [`${index}${string.slice(0, 100)}`, string]));
          const config: CustomSidecarConfig = {
            form: 'custom',
            containers: [{ name: 'own', args: strings, env }],
            initContainers: [],
            volumes: [],
          };
          const injected = injectManifest(text, { config, settings: {}, file: 'f' }).text;
          const wanted = [
            { name: 'a', image: 'a' },
            { name: 'own', args: strings, env },
          ];
          expect(parse(injected, { version: '1.1' })).toMatchObject({ spec: { containers: wanted } });
          for (const { values, root } of parseDocuments(injected, 'f'))
            expect(values.of(root)).toMatchObject({ spec: { containers: wanted } });
          // kubectl refuses these raw, or takes them for line breaks.
          expect(injected).not.toMatch(/[\u007F-\u009F\u2028\u2029\uFEFF]|[^\P{Cc}\r\n]/u);
        },
      ),
      { numRuns, examples: [[['\u2000']]] },
    );
  },
  timeout,
);

test('what is put into JSON is JSON', () => {
  const config: CustomSidecarConfig = {
    form: 'custom',
    containers: [{ name: 'own', args: hard }],
    initContainers: [],
    volumes: [],
  };
  expect(JSON.parse(injectManifest(json, { config, settings: {}, file: 'f' }).text)).toMatchObject({
    spec: { containers: [{ name: 'a' }, { name: 'own', args: hard }] },
  });
});
