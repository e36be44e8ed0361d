import { describe, expect, test } from 'vitest';
import { chartContext, renderChart } from '../../../src/chart/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const files = (...entries: ReadonlyArray<readonly [string, string]>) =>
  new Map(entries.map(([path, text]) => [path, bytes(text)]));
const texts = (rendered: ReadonlyMap<string, Uint8Array>) =>
  [...rendered].map(([path, content]) => [path, new TextDecoder().decode(content)]);

describe('a file', () => {
  test('of Helm is copied unchanged, whatever it contains', () => {
    const content = Uint8Array.from([0xef, 0xbb, 0xbf, 0xff, 0x00, ...bytes('{{ .Values.a }}{{name}}\r\n')]);
    const rendered = renderChart(new Map([['templates/a.yaml', content]]), { name: 'x' });
    expect(rendered.get('templates/a.yaml')).toEqual(content);
  });

  test('with .hbs is rendered without HTML escapes, and its name loses the suffix', () => {
    const rendered = renderChart(
      files([
        'templates/_a.tpl.hbs',
        '\\{{ define "{{name}}" }}{{#each list}}{{@key}}={{this}};{{/each}}\\{{- end }}\n',
      ]),
      {
        name: `<'"&>`,
        list: { a: 1, b: '{{name}}' },
      },
    );
    expect(texts(rendered)).toEqual([['templates/_a.tpl', `{{ define "<'"&>" }}a=1;b={{name}};{{- end }}\n`]]);
  });

  test.each(['templates/a.yaml~', 'a.yml', 'Chart.lock', 'a', 'a.hbs', 'templates/a.yaml.hbs.hbs', '.DS_Store'])(
    '%s is refused',
    (path) => {
      expect(() => renderChart(files([path, '']), {})).toThrow(
        expect.objectContaining({ code: 'CHART_INVALID', where: path }),
      );
    },
  );

  test.each([
    'Chart.yaml',
    'NOTES.txt',
    'README.md',
    'values.schema.json',
    '_a.tpl',
    '.helmignore',
    'templates/a.yaml',
  ])('%s is accepted', (path) => {
    expect([...renderChart(files([path, '']), {}).keys()]).toEqual([path]);
    expect([...renderChart(files([`${path}.hbs`, '']), {}).keys()]).toEqual([path]);
  });
});

test.each([
  ['a name that is not there', '{{nmae}}'],
  ['a part of it that is not there', '{{identity.nmae}}'],
  ["a line of Helm's", '{{ .Values.x }}'],
  ["an end of Helm's", '{{ end }}'],
  ["a variable of Helm's", '{{ $x := 1 }}'],
  ['a helper that is not there', '{{shout identity.version}}'],
  ['a block without an end', '{{#each identity}}'],
])('a template with %s is refused', (_, text) => {
  const render = () => renderChart(files(['a.yaml.hbs', text]), { ...chartContext() });
  expect(render).toThrow(expect.objectContaining({ code: 'CHART_INVALID', where: 'a.yaml.hbs' }));
});

test('a template that is not UTF-8 is refused', () => {
  expect(() => renderChart(new Map([['a.yaml.hbs', Uint8Array.of(0xff)]]), {})).toThrow(
    expect.objectContaining({ code: 'CHART_INVALID' }),
  );
});

test('two files that become one are refused', () => {
  expect(() => renderChart(files(['a.yaml', ''], ['a.yaml.hbs', '']), {})).toThrow(/written by two files/);
});

test('the order of the files does not matter', () => {
  const [one, other] = [files(['b.yaml', '1'], ['a.yaml.hbs', '2']), files(['a.yaml.hbs', '2'], ['b.yaml', '1'])];
  expect(texts(renderChart(one, {}))).toEqual(texts(renderChart(other, {})));
});
