import { describe, expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { injectManifest, patchManifest, uninjectManifest } from '../../../../src/ways/manifest/index.ts';

const options = { config: defaultSidecarConfig, settings: {}, file: 'app.yaml' };
const pod = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: a\n';
const sops =
  'sops:\n  age:\n  - recipient: age1qq\n    enc: x\n  lastmodified: "2026-01-01T00:00:00Z"\n  mac: ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]\n  version: 3.9.0\n';
const json = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  spec: { containers: [{ name: 'a', image: 'a' }] },
  sops: { mac: 'ENC[x]', version: '3.9.0' },
});
const signed = pod.replace(
  '  name: a\n',
  '  name: a\n  annotations:\n    cosign.sigstore.dev/message: H4\n    cosign.sigstore.dev/signature: MEU\n',
);

describe('a workload that is sealed is refused', () => {
  test.each([
    ['by SOPS', pod + sops, 'encrypted with SOPS'],
    ['by SOPS, in the second document', `${pod}---\n${pod}${sops}`, 'encrypted with SOPS'],
    ['by SOPS, in JSON', json, 'encrypted with SOPS'],
    ['by SOPS, without a MAC of its own', pod + sops.replace(/ {2}mac.*\n/, ''), 'encrypted with SOPS'],
    [
      'by SOPS, in a List',
      `apiVersion: v1\nkind: List\nitems:\n- ${pod.replaceAll('\n', '\n  ').trimEnd()}\n${sops}`,
      'encrypted with SOPS',
    ],
    ['by a signature', signed, 'is signed (annotation cosign.sigstore.dev/signature)'],
  ])('%s', (_, text, what) => {
    const error: unknown = expect.objectContaining({
      code: 'MANIFEST_SEALED',
      message: expect.stringContaining(what) as unknown,
    });
    expect(() => injectManifest(text, options)).toThrow(error);
    expect(() => patchManifest(text, options)).toThrow(error);
  });

  test('by uninject too', () => {
    expect(() => uninjectManifest(injectManifest(pod, options).text + sops, options)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_SEALED' }),
    );
  });
});

test.each([
  ['a workload that stays as it is', pod.replace('spec:\n', 'spec:\n  hostNetwork: true\n') + sops],
  ['a Secret', `apiVersion: v1\nkind: Secret\ndata:\n  a: ENC[x]\n${sops}`],
  ['values of a chart', `replicas: ENC[x]\n${sops}`],
])('%s passes, sealed or not', (_, text) => {
  expect(injectManifest(text, options).text).toBe(text);
});

test('what is called sops and is none does not matter', () => {
  for (const end of ['sops: {}\n', 'sops: text\n', 'spec2: {sops: {mac: a}}\n'])
    expect(injectManifest(pod + end, options).reports).toMatchObject([{ result: 'injected' }]);
});

test('a document whose kind is encrypted too is passed on, and said', () => {
  const text = `apiVersion: ENC[AES256_GCM,data:a]\nkind: ENC[AES256_GCM,data:a]\nspec: ENC[b]\n${sops}`;
  expect(injectManifest(`---\n${text}`, options)).toMatchObject({
    text: `---\n${text}`,
    reports: [{ document: 1, line: 2, result: 'skipped', reason: 'encrypted' }],
  });
});
