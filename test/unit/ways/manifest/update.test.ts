import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import {
  injectManifest,
  patchManifest,
  uninjectManifest,
  unifiedDiffOf,
  type InjectManifestOptions,
} from '../../../../src/ways/manifest/index.ts';
import { generatedManifest } from '../../../support/manifest/arbitraries.ts';
import { runs } from '../../../support/manifest/runs.ts';

const { numRuns, timeout } = runs(25);
const options: InjectManifestOptions = { config: defaultSidecarConfig, settings: {}, file: 'f' };
const withFilter = (filter: string): InjectManifestOptions => ({ ...options, settings: { filter } });

const text = `# two of them
apiVersion: apps/v1
kind: Deployment
metadata: {name: web} # the first
spec:
  template:
    spec:
      # the app
      containers:
      - {name: web, image: web:1}
---
apiVersion: v1
kind: Pod
metadata:
  name: b
  annotations: {own: annotation}
spec: {containers: [{name: b, image: b}], volumes: []}
`;

test('other settings are brought in, the same ones change nothing, and uninject gives back the original bytes', () => {
  const first = injectManifest(text, withFilter('udp'));
  const second = injectManifest(first.text, withFilter('tcp port 80'));
  expect(second.reports).toMatchObject([
    { line: 2, result: 'updated' },
    { kind: 'Pod', result: 'updated' },
  ]);
  expect(second.text).toBe(injectManifest(text, withFilter('tcp port 80')).text);
  expect(injectManifest(second.text, withFilter('tcp port 80'))).toMatchObject({
    text: second.text,
    replaces: false,
    reports: [{ reason: 'already_injected' }, { reason: 'already_injected' }],
  });
  expect(injectManifest(second.text, options)).toMatchObject({
    text: second.text,
    reports: [{ result: 'skipped' }, { result: 'skipped' }],
  });
  expect(uninjectManifest(second.text, options).text).toBe(text);
});

test('settings that were given before stay', () => {
  const both = { ...options, settings: { filter: 'udp', snaplen: '96' } };
  const first = injectManifest(text, withFilter('udp')).text;
  expect(injectManifest(first, { ...options, settings: { snaplen: '96' } }).text).toBe(injectManifest(text, both).text);
});

test('some are updated and others injected in one go', () => {
  const mixed = injectManifest(text, { ...withFilter('udp'), selects: ({ name }) => name === 'b' }).text;
  const { text: after, reports } = injectManifest(mixed, withFilter('tcp'));
  expect(reports.map(({ result }) => result)).toEqual(['injected', 'updated']);
  expect(after).toBe(injectManifest(text, withFilter('tcp')).text);
});

test('a mirror and another size change the sidecar too, and are taken back', () => {
  const first = injectManifest(text, withFilter('udp')).text;
  const mirrored = injectManifest(first, {
    ...options,
    settings: { mirror: 'vxlan://collector', 'file-size': '64Mi' },
  }).text;
  expect(mirrored).toContain('packet-capture-mirror');
  expect(mirrored).toBe(
    injectManifest(text, { ...options, settings: { filter: 'udp', mirror: 'vxlan://collector', 'file-size': '64Mi' } })
      .text,
  );
  expect(uninjectManifest(mirrored, options).text).toBe(text);
});

test('another sidecar takes the place of the one that is there when it is named', () => {
  const config = {
    ...defaultSidecarConfig,
    agent: { ...defaultSidecarConfig.agent, image: 'registry.example/agent:2' },
  };
  const first = injectManifest(text, withFilter('udp')).text;
  expect(injectManifest(first, { ...options, config })).toMatchObject({ text: first });
  expect(injectManifest(first, { ...options, config, renew: true }).text).toBe(
    injectManifest(text, { ...withFilter('udp'), config }).text,
  );
});

test('a patch of an update takes the old sidecar out and puts the new one in', () => {
  const first = injectManifest(text, withFilter('udp')).text;
  const { patches, reports } = patchManifest(first, withFilter('tcp'));
  expect(reports).toMatchObject([{ result: 'updated' }, { result: 'updated' }]);
  expect(patches.map(({ operations }) => operations.map(({ op }) => op))).toEqual(
    patches.map(() => expect.arrayContaining(['remove', 'add']) as unknown),
  );
});

test('the difference of an update has no line but those of the setting', () => {
  const first = injectManifest(text, withFilter('udp')).text;
  const diff = unifiedDiffOf('f', first, injectManifest(first, withFilter('tcp')).text);
  expect(
    diff
      .split('\n')
      .filter((line) => /^[-+] /.test(line))
      .map((line) => line.trim()),
  ).toEqual(expect.arrayContaining(['-        packet-capture/filter: udp', '+        packet-capture/filter: tcp']));
  expect(diff).toMatch(/^--- f\n\+\+\+ f\n@@ /);
});

test('for any manifest: updated, it is as injected with the last settings, and back again', { timeout }, () => {
  fc.assert(
    fc.property(generatedManifest, ({ text: manifest }) => {
      const first = injectManifest(manifest, withFilter('udp'));
      const second = injectManifest(first.text, withFilter('tcp'));
      expect(second.text).toBe(injectManifest(manifest, withFilter('tcp')).text);
      expect(uninjectManifest(second.text, options).text).toBe(manifest);
    }),
    { numRuns },
  );
});
