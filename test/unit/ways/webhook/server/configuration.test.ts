import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configurationSource } from '../../../../../src/ways/webhook/server/configuration.ts';

const { parse: read } = configurationSource('/config/sidecarconfig.yaml');

describe('sidecarconfig.yaml', () => {
  const text = fc.string({ unit: 'grapheme' });
  const configs = fc.record({
    agent: fc.record({ image: fc.string({ unit: 'grapheme', minLength: 1 }), metricsPort: fc.integer({ min: 1024, max: 65_535 }) }),
    settings: fc.record({ filter: text }, { requiredKeys: [] }),
  });
  /** As Go writes JSON for HTML, which is what the chart's templates have. */
  const goJson = (value: unknown): string => JSON.stringify(value, undefined, 2).replaceAll(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

  test('JSON is read as the command line reads it, which takes it for YAML', () => {
    fc.assert(fc.property(fc.oneof(configs, fc.jsonValue({ maxDepth: 2 })), (value) => {
      expect(JSON.parse(goJson(value))).toEqual(parse(goJson(value), { version: '1.1' }));
    }));
  });

  test.each([
    ['as the chart writes it', goJson({ agent: { image: 'a:1' } })],
    ['as people do', 'agent:\n  image: a:1 # mine\n'],
    ['in the middle of both', '{agent: {image: "a:1"}}'],
  ])('the same configuration, written %s', async (_, content) => {
    expect(await read([content])).toMatchObject({ form: 'agent', agent: { image: 'a:1' } });
  });

  test.each([
    ['YAML_INVALID', 'agent: {'],
    ['YAML_INVALID', '{"agent": {}'],
    ['SIDECAR_CONFIG_INVALID', '"agent"'],
    ['SIDECAR_CONFIG_INVALID', '{"agents": {}}'],
    ['SIDECAR_CONFIG_INVALID', ''],
  ])('%s: %s', async (code, content) => {
    await expect((async () => read([content]))()).rejects.toThrow(expect.objectContaining({ code }));
  });
});
