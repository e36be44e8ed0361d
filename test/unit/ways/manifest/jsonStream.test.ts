import { describe, expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { injectManifest, uninjectManifest } from '../../../../src/ways/manifest/index.ts';

const options = { config: defaultSidecarConfig, settings: {}, file: 'stream.json' };
const pod = (name: string, space?: number): string =>
  JSON.stringify(
    { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: 'a', image: 'a' }] } },
    null,
    space,
  );

describe('a stream of JSON objects', () => {
  test.each([
    ['one a line', `${pod('a')}\n${pod('b')}\n`],
    ['pretty', `${pod('a', 2)}\n${pod('b', 2)}\n`],
    ['without anything between', pod('a') + pod('b')],
    ['with braces and quotes in strings', `${pod('a"}}}}')}\r\n\r\n${pod("it's }")}`],
    ['behind a comment and before another document', `# made by jq\n${pod('a')}\n${pod('b')}\n---\nkind: ConfigMap\n`],
  ])('%s, is injected object by object', (_, text) => {
    const injected = injectManifest(text, options);
    expect(injected.reports.map(({ document, result }) => ({ document, result }))).toEqual([
      { document: 1, result: 'injected' },
      { document: 1, result: 'injected' },
    ]);
    expect(uninjectManifest(injected.text, options).text).toBe(text);
  });

  test.each([
    [`${pod('a')}\n${pod('b').slice(0, -1)}\n`, 'line 2, column 1'],
    [`${pod('a')}\n{"kind": "Pod", "x": [}\n${pod('b')}\n`, 'line 2, column 23'],
    [`${pod('a')} x\n`, 'line 1'],
    [`{'kind': '}', a: b}}\n`, 'line 1'],
  ])('that is broken is refused: %j', (text, where) => {
    expect(() => injectManifest(text, options)).toThrow(
      expect.objectContaining({ code: 'YAML_INVALID', where: expect.stringContaining(where) }),
    );
  });

  test('a flow mapping with braces in single quotes is one document', () => {
    const text = `{apiVersion: v1, kind: Pod, metadata: {name: '} {'}, spec: {containers: [{name: a, image: a}]}}\n`;
    expect(injectManifest(text, options).reports).toMatchObject([{ name: '} {', result: 'injected' }]);
  });
});
