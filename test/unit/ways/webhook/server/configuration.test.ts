import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { yamlValue } from '../../../../../src/ways/manifest/yamlValue.ts';
import { configurationSource } from '../../../../../src/ways/webhook/server/configuration.ts';

const { parse: read } = configurationSource('/config/sidecarconfig.yaml');

describe('sidecarconfig.yaml', () => {
  // Without control characters, LS, PS and noncharacters: kubectl refuses these, and the library `yaml` accepts them.
  const text = fc
    .string({ unit: 'grapheme' })
    .map((any) => any.replaceAll(/[\p{Cc}\u2028\u2029\uFEFF\uFFFE\uFFFF]/gu, ''));
  const configs = fc.record({
    agent: fc.record({
      image: text,
      metricsPort: fc.integer({ min: 1024, max: 65_535 }),
    }),
    settings: fc.record({ filter: text }, { requiredKeys: [] }),
  });
  /** Formats JSON as Go does by default, with HTML escapes: charts of older versions contain such JSON. */
  const goJson = (value: unknown): string =>
    JSON.stringify(value, undefined, 2).replaceAll(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );

  test('the injector reads JSON like YAML', () => {
    fc.assert(
      fc.property(fc.oneof(configs, fc.jsonValue({ maxDepth: 2 })), (value) => {
        expect(yamlValue(goJson(value), 'config')).toEqual(JSON.parse(goJson(value)));
      }),
    );
  });

  test('the injector reads YAML like the library yaml', () => {
    fc.assert(
      fc.property(
        configs,
        fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL'),
        (value, defaultStringType) => {
          const written = stringify(value, { version: '1.1', defaultStringType });
          expect(yamlValue(written, 'config')).toEqual(parse(written, { version: '1.1' }));
        },
      ),
    );
  });

  test.each([
    ['in the form of the chart', 'agent:\n  image: a:1\n'],
    ['as JSON, from a chart of an older version', goJson({ agent: { image: 'a:1' } })],
    ['with comments', '# mine\nagent:\n  image: a:1 # also mine\n'],
    ['in flow style', '{agent: {image: "a:1"}}'],
  ])('the injector reads a configuration %s', async (_, content) => {
    expect(await read([content])).toMatchObject({ form: 'agent', agent: { image: 'a:1' } });
  });

  test.each([
    ['YAML_INVALID', 'agent: {'],
    ['YAML_INVALID', '{"agent": {}'],
    ['YAML_INVALID', 'agent: {}\n---\nagent: {}\n'],
    ['SIDECAR_CONFIG_INVALID', '"agent"'],
    ['SIDECAR_CONFIG_INVALID', '{"agents": {}}'],
    ['SIDECAR_CONFIG_INVALID', ''],
  ])('the injector refuses with %s: %j', async (code, content) => {
    await expect((async () => read([content]))()).rejects.toThrow(expect.objectContaining({ code }));
  });
});
