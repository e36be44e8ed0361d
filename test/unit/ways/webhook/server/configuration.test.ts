import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { yamlValue } from '../../../../../src/ways/manifest/yamlValue.ts';
import { configurationSource } from '../../../../../src/ways/webhook/server/configuration.ts';

const { parse: read } = configurationSource('/config/sidecarconfig.yaml');

describe('sidecarconfig.yaml', () => {
  // Without control characters, LS, PS and what is not a character: kubectl refuses these, and the library takes them.
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
  /** As Go writes JSON for HTML, which is what charts of older versions have. */
  const goJson = (value: unknown): string =>
    JSON.stringify(value, undefined, 2).replaceAll(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );

  test('JSON is read like YAML', () => {
    fc.assert(
      fc.property(fc.oneof(configs, fc.jsonValue({ maxDepth: 2 })), (value) => {
        expect(yamlValue(goJson(value), 'config')).toEqual(JSON.parse(goJson(value)));
      }),
    );
  });

  test('the injector reads YAML as the command line reads it', () => {
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
    ['as the chart writes it', 'agent:\n  image: a:1\n'],
    ['as JSON, from a chart of an older version', goJson({ agent: { image: 'a:1' } })],
    ['as people do', '# mine\nagent:\n  image: a:1 # also mine\n'],
    ['in the middle of both', '{agent: {image: "a:1"}}'],
  ])('the same configuration, written %s', async (_, content) => {
    expect(await read([content])).toMatchObject({ form: 'agent', agent: { image: 'a:1' } });
  });

  test.each([
    ['YAML_INVALID', 'agent: {'],
    ['YAML_INVALID', '{"agent": {}'],
    ['YAML_INVALID', 'agent: {}\n---\nagent: {}\n'],
    ['SIDECAR_CONFIG_INVALID', '"agent"'],
    ['SIDECAR_CONFIG_INVALID', '{"agents": {}}'],
    ['SIDECAR_CONFIG_INVALID', ''],
  ])('%s: %s', async (code, content) => {
    await expect((async () => read([content]))()).rejects.toThrow(expect.objectContaining({ code }));
  });
});
