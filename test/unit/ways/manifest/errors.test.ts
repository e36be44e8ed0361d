import { describe, expect, test } from 'vitest';
import { formatError, isCodedError, type CodedError } from '../../../../src/errors.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { injectManifest, uninjectManifest } from '../../../../src/ways/manifest/index.ts';

const options = { config: defaultSidecarConfig, settings: {}, file: 'app.yaml' };

function errorOf(text: string): CodedError {
  try {
    injectManifest(text, options);
  } catch (error) {
    if (isCodedError(error)) return error;
    throw error;
  }
  throw new Error('it was taken');
}

const pod = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n';
const spec = 'spec:\n  containers:\n  - name: a\n    image: a\n';

test('an error shows file, document, line and column, the line, a caret and what to do', () => {
  const text = `${pod}${spec}---\n# next\n${pod}spec:\n  containers:\n  - name: a\n    image: a: b\n`;
  expect(formatError(errorOf(text))).toBe(
    [
      'error YAML_INVALID: a mapping cannot begin here: put the text in quotes, or look at the indentation',
      '  18 |     image: a: b',
      '     |             ^',
      '  at app.yaml: document 2, line 18, column 13',
      '  Correct the document; nothing was written.',
    ].join('\n'),
  );
});

describe('broken documents', () => {
  test.each([
    ['a tab as indentation', `${pod}spec:\n\tcontainers: []\n`, 'line 6, column 1', 'a tab cannot indent a line'],
    ['a bracket that is not closed', `${pod}spec: {containers: [\n`, 'line 5, column 20', 'this [ is not closed'],
    ['a quote that is not closed', `${pod}spec: "x\n`, 'line 5, column 7', 'this quote is not closed'],
    ['an anchor that nobody set', `${pod}spec: *x\n`, 'line 5, column 7', 'no anchor "x"'],
    ['an anchor that contains itself', `${pod}spec: &x\n  a: *x\n`, 'line 6, column 6', 'contain itself'],
    ['a key that is null', `${pod}  labels: {~: a}\n`, 'line 5, column 12', 'must not be null'],
    ['a key that is a list', `${pod}  labels: {[a]: a}\n`, 'line 5, column 12', 'must be a scalar'],
    ['a merge of a string', `${pod}  labels:\n    <<: a\n`, 'line 6, column 9', 'merge (<<) needs a mapping'],
    [
      'a list of merges with a string',
      `${pod}  labels:\n    <<: [{a: b}, c]\n`,
      'line 6, column 9',
      'merge (<<) needs a mapping',
    ],
    ['text behind the content', `${pod}spec: {} }\n`, 'line 5, column 10', 'a key was expected at this indentation'],
    [
      'nesting deeper than any manifest',
      `${pod}spec: ${'['.repeat(600)}${']'.repeat(600)}\n`,
      'line 5',
      'nested too deeply',
    ],
    ['nesting without end', `${pod}spec: ${'['.repeat(20_000)}`, 'document 1', 'nested too deeply'],
    ['nesting of sequences without end', `${pod}spec:\n  ${'- '.repeat(20_000)}a\n`, 'document 1', 'nested too deeply'],
    [
      'one that is no workload',
      `${pod}${spec}---\nkind: ConfigMap\ndata:\n a: b\n  c: d\n`,
      'document 2, line 13, column 4',
      'a mapping cannot begin here',
    ],
    [
      'one behind a byte order mark',
      `\uFEFF${pod.replaceAll('\n', '\r\n')}a: b: c\r\n`,
      'document 1, line 5, column 5',
      'a mapping cannot begin here',
    ],
  ])('%s', (_, text, where, what) => {
    const error = errorOf(text);
    expect(error.code).toMatch(/^YAML_(INVALID|UNSUPPORTED)$/);
    expect(error.where).toContain('app.yaml: document ');
    expect(error.where).toContain(where);
    expect(error.message).toContain(what);
    expect(() => uninjectManifest(text, options)).toThrow(error.message);
  });

  test('a long line is shown in part, a tab under its tab', () => {
    const [, line, caret] = errorOf(
      `{"kind": "Pod", "apiVersion": "v1", "x":\t"${'x'.repeat(2000)}", "x": [1}, "y": "${'y'.repeat(2000)}"`,
    ).message.split('\n');
    expect(line?.length).toBeLessThan(120);
    expect(line?.[caret?.indexOf('^') ?? 0]).toBe('}');
    expect(errorOf('kind:\t"a" b\n').message.split('\n').slice(1)).toEqual([
      '  1 | kind:\t"a" b',
      '    |      \t    ^',
    ]);
  });
});

describe('templates', () => {
  test.each([
    ['a block', `{{- if .Values.web }}\n${pod}${spec}{{- end }}\n`],
    ['a name', pod.replace('name: a', 'name: {{ .Release.Name }}') + spec],
    ['a mapping', `${pod}spec:\n  {{- toYaml .Values.spec | nindent 2 }}\n  containers: []\n`],
  ])('%s is said to be one', (_, text) => {
    const error = errorOf(text);
    expect(error.code).toBe('YAML_INVALID');
    expect(error.hint).toContain('helm template');
  });

  test('braces in a string are none', () => {
    expect(injectManifest(`${pod}${spec}    args: ["{{ x }}"]\n`, options).reports).toMatchObject([
      { result: 'injected' },
    ]);
    expect(errorOf(`${pod}  labels: {{a: b}: c}\n`).hint).toContain('helm template');
    expect(errorOf(`${pod}  labels: { {a: b}: c}\n`).hint).not.toContain('helm template');
  });
});

describe('manifests of a wrong shape', () => {
  test.each([
    ['kind: 5\napiVersion: v1\n', 'line 1, column 7', 'kind must be a string'],
    ['kind: [Pod]\napiVersion: v1\n', 'line 1, column 7', 'kind must be a string'],
    ['kind: Pod\napiVersion: 1\n', 'line 2, column 13', 'apiVersion must be a string'],
    ['kind: Pod\nmetadata: {name: a}\n', 'line 1, column 1', 'this Pod has no apiVersion'],
    [`${pod}spec:\n  containers:\n    name: a\n`, 'line 7, column 5', 'containers must be a list'],
    [`${pod}spec:\n  containers:\n  - a\n`, 'line 7, column 5', 'each of the containers must be a mapping'],
    [`${pod}${spec}  - ~\n`, 'line 9, column 5', 'each of the containers must be a mapping'],
    [`${pod}${spec}  initContainers: none\n`, 'line 9, column 19', 'initContainers must be a list'],
    [`${pod}${spec}  volumes: {}\n`, 'line 9, column 12', 'volumes must be a list'],
    [`${pod}  annotations: [a]\n${spec}`, 'line 5, column 16', 'annotations must be a mapping'],
    [`${pod}spec: ""\n`, 'line 5, column 7', 'spec must be a mapping'],
    ['apiVersion: apps/v1\nkind: Deployment\nmetadata: none\n', 'line 3, column 11', 'metadata must be a mapping'],
    [
      'apiVersion: apps/v1\nkind: Deployment\nspec:\n  template: []\n',
      'line 4, column 13',
      'template must be a mapping',
    ],
    ['apiVersion: v1\nkind: List\nitems: {}\n', 'line 3, column 8', 'items of a List must be a list'],
  ])('%j', (text, where, what) => {
    const error = errorOf(text);
    expect(error.code).toBe('MANIFEST_INVALID');
    expect(error.where).toBe(`app.yaml: document 1, ${where}`);
    expect(error.message).toContain(what);
  });
});

describe('what is changed in one place and used in another', () => {
  const deployment = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n';
  const containers = 'containers: [{name: a, image: a}]';
  test.each([
    [
      'a pod template that is an alias',
      `${deployment}x: &t {spec: {${containers}}}\nspec:\n  template: *t\n`,
      'line 6, column 13',
      'is an alias',
    ],
    [
      'a spec that is an alias',
      `${deployment}x: &s {${containers}}\nspec:\n  template:\n    spec: *s\n`,
      'line 7, column 11',
      'is an alias',
    ],
    [
      'volumes that are an alias',
      `${deployment}x: &v [{name: v}]\nspec: {template: {spec: {${containers}, volumes: *v}}}\n`,
      'line 5',
      'is an alias',
    ],
    [
      'annotations that are an alias',
      `${deployment}x: &a {b: c}\nspec: {template: {metadata: {annotations: *a}, spec: {${containers}}}}\n`,
      'line 5',
      'is an alias',
    ],
    [
      'a spec that an alias stands for',
      `${deployment}spec: {template: {spec: &s {${containers}}}}\nx: *s\n`,
      'line 4, column 28',
      'its anchor "s" is used elsewhere',
    ],
    [
      'volumes that an alias stands for',
      `${deployment}spec: {template: {spec: {${containers}, volumes: &v [{name: v}]}}}\nx: *v\n`,
      'line 4',
      'its anchor "v" is used',
    ],
    [
      'a template that is merged elsewhere',
      `${deployment}spec: {template: &t {spec: {${containers}}}}\nx: {<<: *t}\n`,
      'line 4',
      'its anchor "t" is used',
    ],
    [
      'a spec that is merged in',
      `${deployment}x: &t {spec: {${containers}}}\nspec:\n  template:\n    <<: *t\n`,
      'line 4, column 8',
      'is merged (<<) into the workload from here',
    ],
    [
      'volumes that are merged in',
      `${deployment}x: &s {volumes: [{name: v}]}\nspec: {template: {spec: {<<: *s, ${containers}}}}\n`,
      'line 4, column 8',
      'merged (<<)',
    ],
    [
      'volumes that a merge overrides',
      `${deployment}x: &s {volumes: [{name: v}]}\nspec: {template: {spec: {volumes: [], ${containers}, <<: *s}}}\n`,
      'line 4, column 8',
      'merged (<<)',
    ],
    [
      'an item of a list that is an alias',
      `apiVersion: v1\nkind: List\nitems:\n- &p\n  apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec: {${containers}}\n- *p\n`,
      'line 5, column 3',
      'its anchor "p"',
    ],
    [
      'null between brackets',
      `${deployment}spec: {template: {spec: {${containers}, volumes: null}}}\n`,
      'line 4',
      'volumes is null',
    ],
    [
      'null with an anchor',
      `${deployment}spec:\n  template:\n    spec:\n      ${containers}\n      volumes: &v\n`,
      'line 8, column 7',
      'volumes is null',
    ],
    [
      'null with a tag',
      `${deployment}spec:\n  template:\n    spec:\n      ${containers}\n      volumes: !!null\n`,
      'line 8, column 7',
      'volumes is null',
    ],
    [
      'null on a line of its own',
      `${deployment}spec:\n  template:\n    spec:\n      ${containers}\n      volumes:\n        null\n`,
      'line 8, column 7',
      'volumes is null',
    ],
    [
      'a key without a colon',
      `${deployment}spec:\n  template:\n    spec:\n      ? volumes\n      ${containers}\n`,
      'line 7, column 9',
      'volumes is null',
    ],
  ])('%s is refused', (_, text, where, what) => {
    const error = errorOf(text);
    expect(error.code).toBe('YAML_UNSUPPORTED');
    expect(error.where).toContain(where);
    expect(error.message).toContain(what);
  });

  test('is no matter for a workload that is skipped', () => {
    const text = `${deployment}x: &s {hostNetwork: true, ${containers}}\nspec:\n  template:\n    spec: *s\n`;
    expect(injectManifest(text, options)).toMatchObject({ text, reports: [{ reason: 'host_network' }] });
  });

  test('is refused by uninject too', () => {
    const status = '{"version":"0.1.0","containers":["packet-capture"],"volumes":[]}';
    const injected = 'initContainers: [{name: packet-capture}], containers: [{name: a}]';
    const text = `${deployment}x: &s {${injected}}\nspec: {template: {metadata: {annotations: {packet-capture/status: '${status}'}}, spec: *s}}\n`;
    expect(() => uninjectManifest(text, options)).toThrow('is an alias');
  });
});
