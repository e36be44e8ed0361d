import { expect, test } from 'vitest';
import { olderSidecar, olderText } from '../../../src/inject/index.ts';
import type { PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultAgent, defaultSidecarConfig } from '../../../src/sidecar/index.ts';
import { version } from '../../../src/version.ts';
import { injectManifest, type InjectManifestOptions } from '../../../src/ways/manifest/index.ts';

const statusOf = (made: string): PodTemplate => ({
  metadata: {
    annotations: {
      'packet-capture/status': JSON.stringify({ version: made, containers: ['packet-capture'], volumes: [] }),
    },
  },
});

test.each([
  ['0.0.9', true],
  ['0.0.10', true],
  [version, false],
  ['0.1.1', false],
  ['10.0.0', false],
  // Anybody can write a status.
  ['', false],
  ['0.0', false],
  ['0.0.1-x', false],
  ['\u001B[2J', false],
])('a sidecar of version %j counts as older: %s', (made, expected) => {
  expect(olderSidecar(statusOf(made), undefined)).toEqual(expected ? { version: made, kept: true } : undefined);
});

const options: InjectManifestOptions = { config: defaultSidecarConfig, settings: {}, file: 'f' };
const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: a, image: a}\n';
// The version is in the status, and not in the name of the image.
const before = injectManifest(pod, options).text.replace(
  new RegExp(String.raw`(version\W+)${version.replaceAll('.', '[.]')}`),
  '$10.0.9',
);

test('inject reports a sidecar of an older version, and whether it was replaced', () => {
  expect(before).toContain('0.0.9');
  expect(injectManifest(before, options).reports).toMatchObject([
    { result: 'skipped', reason: 'already_injected', older: { version: '0.0.9', kept: true } },
  ]);
  expect(injectManifest(before, { ...options, settings: { filter: 'udp' } }).reports).toMatchObject([
    { result: 'updated', older: { version: '0.0.9', kept: true } },
  ]);
  const config = { ...defaultSidecarConfig, agent: { ...defaultAgent, image: 'registry.example/agent:2' } };
  const renewed = injectManifest(before, { ...options, config, renew: true });
  expect(renewed.reports).toMatchObject([{ result: 'updated', older: { version: '0.0.9', kept: false } }]);
  // After that it is of this version.
  for (const more of [{}, { settings: { filter: 'udp' } }])
    expect(injectManifest(renewed.text, { ...options, ...more }).reports[0]).not.toHaveProperty('older');
  expect(injectManifest(pod, options).reports[0]).not.toHaveProperty('older');
});

test('a user reads the version of the sidecar and how to update it', () => {
  expect(olderText({ version: '0.0.9', kept: true })).toMatch(
    /of version 0\.0\.9 and stays as it is; name the image \(--image\)/,
  );
  expect(olderText({ version: '0.0.9', kept: false })).toMatch(/is replaced by version \d+\.\d+\.\d+$/);
});
