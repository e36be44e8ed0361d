import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { injectManifest, uninjectManifest } from '../../../../src/ways/manifest/index.ts';

const key = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
const ours = 'packet-capture-files,packet-capture-no-token';
const options = { config: defaultSidecarConfig, file: 'a.yaml' };
const inject = (text: string): string => injectManifest(text, { ...options, settings: {} }).text;

/** A pod whose metadata, from `annotations` on, is this text. */
const podWith = (annotations: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations${annotations}\nspec:\n  containers:\n  - {name: a, image: a}\n`;
const valueIn = (text: string): unknown =>
  (load(text) as { metadata: { annotations: Record<string, unknown> } }).metadata.annotations[key];

describe('the volumes that a user lists stay as they are written, behind ours', () => {
  test.each<[string, string, string]>([
    ['plain', `:\n    ${key}: cache`, `${ours},cache`],
    ['plain, with a comment', `:\n    a: b\n    ${key}: cache,tmp   # mine`, `${ours},cache,tmp`],
    ['plain, over two lines', `:\n    ${key}: cache,\n      tmp`, `${ours},cache, tmp`],
    ['plain, on the next line', `:\n    ${key}:\n      cache`, `${ours},cache`],
    ['between double quotes', `:\n    ${key}: "cache"`, `${ours},cache`],
    ['between single quotes', `:\n    ${key}: 'cache,it''s'`, `${ours},cache,it's`],
    ['empty', `:\n    ${key}: ""`, ours],
    ['nothing', `:\n    ${key}:\n    a: b`, ours],
    ['nothing but a comment', `:\n    ${key}: # none`, ours],
    ['null', `:\n    ${key}: ~`, `${ours},~`],
    ['a block', `:\n    ${key}: |-\n      cache`, `${ours},cache`],
    ['a folded block', `:\n    ${key}: >\n      cache,tmp`, `${ours},cache,tmp\n`],
    ['with a tag', `:\n    ${key}: !!str 5`, `${ours},5`],
    ['in braces', `: {a: b, ${key}: cache}`, `${ours},cache`],
    ['in braces, over two lines', `: {${key}: cache\n    tmp, a: b}`, `${ours},cache tmp`],
    ['null in braces', `: {${key}: null}`, `${ours},null`],
    ['quoted in braces', `: {${key}: "cache", a: b}`, `${ours},cache`],
    ['as JSON', `: {"${key}":"cache"}`, `${ours},cache`],
    ['ours already', `:\n    ${key}: ${ours}`, `${ours},${ours}`],
  ])('%s', (_, annotations, expected) => {
    const text = podWith(annotations);
    const injected = inject(text);
    expect(valueIn(injected)).toBe(expected);
    expect(injectManifest(injected, { ...options, settings: {} })).toMatchObject({
      text: injected,
      reports: [{ reason: 'already_injected' }],
    });
    expect(uninjectManifest(injected, options).text).toBe(text);
  });
});

test.each([
  ['an alias', `:\n    a: &x cache\n    ${key}: *x`],
  ['an anchor that is used', `:\n    ${key}: &x cache\n    a: *x`],
  ['merged in', `:\n    <<: {${key}: cache}`],
  ['a block that begins with a blank line', `:\n    ${key}: |\n\n      cache`],
  ['quotes amid it, in braces', `: {${key}: a"b}`],
])('nothing is written where there is no room: %s', (_, annotations) => {
  expect(() => inject(podWith(annotations))).toThrow(expect.objectContaining({ code: 'YAML_UNSUPPORTED' }));
});

test('what a user wrote behind ours since then stays', () => {
  const text = podWith(`:\n    ${key}: cache`);
  const edited = inject(text).replace(`${ours},cache`, `${ours},cache,more`);
  expect(uninjectManifest(edited, options).text).toBe(podWith(`:\n    ${key}: cache,more`));
  const added = inject(podWith(':\n    a: b')).replace(`: ${ours}\n`, `: ${ours},mine\n`);
  expect(uninjectManifest(added, options).text).toBe(podWith(`:\n    ${key}: mine\n    a: b`));
  const other = inject(text).replace(`${ours},cache`, 'cache');
  expect(uninjectManifest(other, options).text).toBe(text);
});
