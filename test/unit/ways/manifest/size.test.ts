import { expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { injectManifest, uninjectManifest } from '../../../../src/ways/manifest/index.ts';

const options = { config: defaultSidecarConfig, settings: {}, file: 'big.yaml' };
const repeat = (times: number, line: (index: number) => string): string =>
  Array.from({ length: times }, (_, index) => line(index)).join('');
const pod = (metadata: string, spec: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n${metadata}spec:\n${spec}  containers:\n  - name: a\n    image: b\n`;
const miniPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { hostNetwork: true, containers: [{ name: 'a' }] },
};

/** Quadratic time takes minutes for any of these; this limit is far above what linear time takes on a busy machine. */
const limit = 15_000;

test.each([
  ['a mapping of many keys', pod(`  annotations:\n${repeat(5_000, (index) => `    key-${index}: value\n`)}`, '')],
  ['a list of many items', pod('', `  volumes:\n${repeat(3_000, (index) => `  - name: v${index}\n`)}`)],
  ['a list of many items on one line', pod('', `  volumes: [${repeat(5_000, (index) => `{name: v${index}},`)}]\n`)],
  [
    'many comments',
    pod(
      '',
      repeat(20_000, () => '  # nothing\n'),
    ),
  ],
  ['many blank lines', pod('  annotations:\n    a: |\n      b\n', `${'\n'.repeat(200_000)}  restartPolicy: Never\n`)],
  ['many aliases', pod(`  annotations: {a: &x b}\n  labels:\n${repeat(4_000, (index) => `    k${index}: *x\n`)}`, '')],
  [
    'aliases of aliases',
    pod(
      `  x:\n  - &a0 [b, b]\n${repeat(60, (index) => `  - &a${index + 1} [*a${index}, *a${index}, *a${index}]\n`)}`,
      '',
    ),
  ],
  [
    'merges of merges',
    pod(
      `  x:\n  - &a0 {b: c}\n${repeat(60, (index) => `  - &a${index + 1} {<<: [*a${index}, *a${index}], k${index}: *a${index}}\n`)}`,
      '',
    ),
  ],
  ['many documents', repeat(2_000, (index) => `---\nkind: ConfigMap\nmetadata: {name: c${index}}\n`)],
  [
    'many pods on one line',
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: Array.from({ length: 1500 }, () => miniPod) }),
  ],
])(
  '%s',
  (_, text) => {
    const injected = injectManifest(text, options);
    expect(uninjectManifest(injected.text, options).text).toBe(text);
  },
  limit,
);

test('more merged keys than any manifest has are refused', () => {
  const text = pod(
    `  a: &a {${repeat(1000, (index) => `k${index}: v,`)}}\n  b:\n${repeat(200, () => '  - <<: *a\n')}`,
    '',
  );
  expect(() => injectManifest(text, options)).toThrow('too many keys are merged');
});
