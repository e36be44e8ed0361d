import { describe, expect, test } from 'vitest';
import { injectManifest, uninjectManifest } from '../../../../src/ways/manifest/index.ts';
import { parseDocuments } from '../../../../src/ways/manifest/parseDocument.ts';
import { articleSidecar, customSidecar } from '../../../support/manifest/cases.ts';

const pod = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: a\n';
const options = { config: customSidecar, settings: {}, file: 'f' };

function valueOf(text: string): unknown {
  const [document] = parseDocuments(text, 'f');
  return document?.values.of(document.root);
}

/** All of these kubectl 1.32 takes, though YAML asks for more indentation. */
const cases = [
  ['a bracket closed at the column of its key', '    args: [\n      x,\n      y\n    ]\n', '    args: [x, y]\n'],
  [
    'brackets that are not indented at all',
    '    args: [\nx, # "c" ]\n\n# c\n{a: [\ny\n]}\n]\n',
    '    args: [x, {a: [y]}]\n',
  ],
  [
    'braces one behind the other',
    '    args: [ {\n        a: b\n    }, {\n      c: d\n  } ]\n',
    '    args: [{a: b}, {c: d}]\n',
  ],
  ['a tab as indentation between brackets', '    args: {\n\tx: y,\n\t\tz: w }\n', '    args: {x: y, z: w}\n'],
  ['a plain scalar between brackets on several lines', '    args: [x\ny\n  z]\n', '    args: [x y z]\n'],
  ['a double-quoted scalar', '    args: ["x\ny\n\n  z"]\n    tty: "a\nb"\n', '    args: ["x y\\nz"]\n    tty: a b\n'],
  ['a single-quoted scalar', "    args:\n    - 'x: #\ny\n\nz'\n", '    args:\n    - "x: # y\\nz"\n'],
] as const;

describe('lines that are indented less than YAML asks for', () => {
  test.each(cases)('%s', (_, lines, indented) => {
    const text = `${pod}${lines}  volumes: [ # none\n  ]\n---\n${pod}`;
    expect(valueOf(text)).toEqual(valueOf(`${pod}${indented}  volumes: []\n`));
    for (const lineBreak of ['\n', '\r\n']) {
      const given = text.replaceAll('\n', lineBreak);
      const injected = injectManifest(given, options);
      expect(injected.reports.map(({ line, result }) => ({ line, result }))).toEqual([
        { line: 1, result: 'injected' },
        { line: text.slice(0, text.indexOf('---')).split('\n').length + 1, result: 'injected' },
      ]);
      expect(injectManifest(injected.text, options).text).toBe(injected.text);
      expect(uninjectManifest(injected.text, options).text).toBe(given);
    }
  });

  test('are told from broken ones', () => {
    for (const lines of [
      '    args: [\nx\n',
      '    args: "x\ny\n',
      '    args: [\nx: y\n  ]\n  a: b: c\n',
      "    args: 'x\nspec: y'z'\n",
    ]) {
      expect(() => injectManifest(pod + lines, options)).toThrow(expect.objectContaining({ code: 'YAML_INVALID' }));
    }
  });

  test('below any indentation, and as many as there are', () => {
    const deep = `${' '.repeat(300)}- {name: [\n]}\n`;
    expect(injectManifest(`${pod}    env:\n${deep}`, options).reports).toMatchObject([{ result: 'injected' }]);
    const list = `${pod}    args: [\n${'x,\n'.repeat(20_000)}]\n`;
    expect(injectManifest(list, { ...options, config: articleSidecar('monitor') }).reports).toMatchObject([
      { result: 'injected' },
    ]);
  });
});
