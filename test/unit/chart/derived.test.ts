import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import {
  committedChart,
  compactSchema,
  defaultValues,
  formatSchema,
  fullnameOf,
  identity,
  projectChart,
  readChartFolder,
  staleInCommittedChart,
  valuePaths,
  valuesSchema,
  valuesYaml,
} from '../../../src/chart/index.ts';
import { parseDuration, parseQuantity, standingSettings } from '../../../src/settings/index.ts';
import { defaultAgent, placeholderImage } from '../../../src/sidecar/index.ts';
import { version } from '../../../src/version.ts';
import { injectorMounts, injectorPorts, webhookNames, webhookPaths } from '../../../src/ways/webhook/names.ts';
import { defaultLimits } from '../../../src/ways/webhook/server/limits.ts';

type SchemaNode = {
  readonly type?: string;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
};

describe('the committed chart', () => {
  test('is current; `node scripts/chart.ts` updates it', async () => {
    expect(await staleInCommittedChart()).toEqual([]);
  });

  test('contains no key, no certificate and no path of a machine', async () => {
    const files = await readChartFolder(committedChart());
    expect(files.size).toBeGreaterThan(20);
    for (const [path, content] of files) {
      const text = Buffer.from(content).toString();
      expect(text, path).not.toMatch(/-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{20}/);
      expect(text, path).not.toMatch(/-----BEGIN CERTIFICATE-----\s*[A-Za-z0-9+/]{20}/);
      expect(text, path).not.toMatch(/\/(home|tmp|root)\//);
    }
  });

  test('is the same when it is generated again', async () => {
    expect([...(await projectChart())]).toEqual([...(await projectChart())]);
  });
});

describe('values.yaml', () => {
  test('has the defaults and texts of the tree', () => expect(load(valuesYaml())).toEqual(defaultValues()));

  test('contains baked values instead of the defaults', () => {
    const certs = { mode: 'baked', caBundle: 'a\nb\n', certificate: 'c', key: 'd', next: { certificate: '', key: '' } };
    expect(load(valuesYaml({ certs }))).toEqual({ ...defaultValues(), certs: { ...defaultValues().certs, ...certs } });
  });

  test('explains every value', () => {
    const lines = valuesYaml().split('\n');
    const unset = ({ path }: { readonly path: string }): boolean => path.startsWith('capture.');
    const places = valuePaths()
      .filter((value) => !unset(value))
      .map(({ path, text }) => [path.split('.').at(-1) ?? '', text]);
    for (const [key, text] of places) {
      const explained = lines.some(
        (line, index) => line.endsWith(`# ${text}`) && lines[index + 1]?.trim().startsWith(`${key}:`),
      );
      expect(explained, `${key}: ${text}`).toBe(true);
    }
    expect(places.length).toBeGreaterThan(100);
  });
});

describe('values.schema.json', () => {
  test('allows no unknown keys, except in global and enabled', () => {
    const schema = valuesSchema() as SchemaNode & { readonly $schema: string };
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(schema.properties).toHaveProperty('enabled');
    const open = openLevels(schema, '').toSorted();
    expect(open).toEqual(['.global']);
  });

  test('has the same defaults as values.yaml', () => {
    expect(JSON.parse(compactSchema())).toEqual(valuesSchema());
    expect(JSON.parse(formatSchema())).toEqual(valuesSchema());
  });

  test('refers to no other document', () =>
    expect(JSON.stringify(valuesSchema())).not.toMatch(/"\$(id"|ref":"(?!#\/definitions\/))/));
});

/** Levels with keys of ours where others may stand too. */
function openLevels({ properties, additionalProperties }: SchemaNode, path: string): string[] {
  if (properties === undefined) return [];
  const inner = Object.entries(properties).flatMap(([key, node]) => openLevels(node, `${path}.${key}`));
  return additionalProperties === false ? inner : [path, ...inner];
}

test('the table in the README has every value', async () => {
  const readme = await readFile(join(committedChart(), 'README.md'), 'utf8');
  for (const { path } of valuePaths()) expect(readme).toContain(`| \`${path}\` |`);
});

test('capture has every setting that is not an action, and nothing else', () => {
  const known = valuePaths()
    .filter(({ path }) => path.startsWith('capture.'))
    .map(({ path, default: value }) => [path.slice('capture.'.length), value]);
  expect(known).toEqual(standingSettings.map(({ name, default: value }) => [name, value]));
});

test("the agent's defaults are those of the sidecar", () => {
  const { image, resources } = defaultValues().agent;
  expect(`registry.invalid/${image.repository}:${version}`).toBe(defaultAgent.image);
  expect(resources).toEqual(defaultAgent.resources);
  expect(image.pullPolicy).toBe(defaultAgent.imagePullPolicy);
});

test('no default image can be pulled: it has no registry, or a reserved one', () => {
  const { agent, image, global: shared } = defaultValues();
  expect([agent.image.registry, image.registry, shared.imageRegistry]).toEqual(['', '', '']);
  expect(identity.images).toEqual({
    placeholderRegistry: 'registry.invalid',
    agent: agent.image.repository,
    injector: image.repository,
  });
  expect(placeholderImage('injector')).toBe(`registry.invalid/${image.repository}:${version}`);
});

test("the chart's names are the injector's", () => {
  const names = Object.fromEntries(Object.entries(identity.webhooks).map(([key, { name }]) => [key, name]));
  const paths = Object.fromEntries(Object.entries(identity.webhooks).map(([key, { path }]) => [key, path]));
  expect(names).toEqual(webhookNames);
  expect(paths).toEqual(webhookPaths);
  expect(`${identity.configFolder}/sidecarconfig.yaml`).toBe(injectorMounts.config);
  expect(identity.certificatesFolder).toBe(injectorMounts.certificates);
  expect(identity.clientCaFolder).toBe(injectorMounts.clientCa);
  expect(defaultValues().webhook.port).toBe(injectorPorts.https);
  expect(defaultValues().metrics.port).toBe(injectorPorts.metrics);
  const { maxConnections, maxBody, maxParsed, maxBodies, maxJsonValues, maxJsonDepth, headTimeout, bodyTimeout } =
    defaultValues().webhook.limits;
  expect({
    connections: maxConnections,
    bodyBytes: parseQuantity(maxBody),
    parsedBytes: parseQuantity(maxParsed),
    bodiesBytes: parseQuantity(maxBodies),
    jsonValues: maxJsonValues,
    jsonDepth: maxJsonDepth,
    headMs: 1000 * (parseDuration(headTimeout) ?? 0),
    bodyMs: 1000 * (parseDuration(bodyTimeout) ?? 0),
  }).toEqual(defaultLimits);
});

test.each([
  ['packet-capture', {}, 'packet-capture'],
  ['a', {}, 'a-packet-capture'],
  ['a', { nameOverride: 'tap' }, 'a-tap'],
  ['my-tap', { nameOverride: 'tap' }, 'my-tap'],
  ['a', { nameOverride: 'tap', fullnameOverride: 'capture' }, 'capture'],
  ['r'.repeat(47), {}, `${'r'.repeat(47)}-packet-capture`],
  ['r'.repeat(49), {}, `${'r'.repeat(49)}-packet-captur`],
  ['a', { fullnameOverride: `${'f'.repeat(62)}-x` }, 'f'.repeat(62)],
])('release %s with %o is called %s', (release, overrides, name) => expect(fullnameOf(release, overrides)).toBe(name));
