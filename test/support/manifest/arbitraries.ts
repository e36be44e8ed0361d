import * as fc from 'fast-check';
import { blockLines, type Pen } from './manifestText.ts';

type Json = Record<string, unknown>;

const string = fc.oneof(
  fc.constantFrom(
    'a',
    'on',
    '0644',
    '12:30',
    'a: b',
    '- a',
    '#',
    "it's",
    '"',
    '{{',
    '---',
    'two\nlines\n',
    'keep\n\n\n',
    'x # y',
    'null',
    '',
    '~',
    'ü😀',
    'a,b',
    '[',
    '|',
    '%',
    '@',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
// No `e0`: the oracle takes it for a number.
const name = fc.stringMatching(/^[a-df-z][a-z0-9]{0,5}$/);
const quantity = fc.constantFrom('100m', '1', '64Mi');
const scalar = fc.oneof(string, fc.integer(), fc.boolean());

const container = (prefix: string): fc.Arbitrary<Json> =>
  fc.record(
    {
      name: name.map((value) => `${prefix}-${value}`),
      image: fc.constantFrom('nginx', 'registry.example.com:5000/a/b:1.0', 'busybox@sha256:0'),
      args: fc.array(string, { maxLength: 3 }),
      env: fc.array(fc.record({ name, value: string }), { maxLength: 2 }),
      resources: fc.record({ limits: fc.dictionary(fc.constantFrom('cpu', 'memory'), quantity) }),
    },
    { requiredKeys: ['name', 'image'] },
  );

const volume: fc.Arbitrary<Json> = fc.oneof(
  fc.record({ name, emptyDir: fc.constant({}) }),
  fc.record({ name, configMap: fc.record({ name: string, defaultMode: fc.integer({ min: 0, max: 511 }) }) }),
);

/** Absent, null, empty or filled: each asks for other text. */
function field(filled: fc.Arbitrary<unknown>, empty: unknown): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, fc.constant(null), fc.constant(empty), {
    weight: 4,
    arbitrary: filled,
  });
}

const annotations = field(fc.dictionary(name, string, { minKeys: 1, maxKeys: 3 }), {});
const metadata = field(
  fc.record({ labels: fc.option(fc.dictionary(name, name, { maxKeys: 2 }), { nil: undefined }), annotations }),
  {},
);

const podSpec = fc.record({
  containers: fc.array(container('c'), { minLength: 1, maxLength: 3 }),
  initContainers: field(fc.array(container('i'), { minLength: 1, maxLength: 2 }), []),
  volumes: field(fc.array(volume, { minLength: 1, maxLength: 3 }), []),
  restartPolicy: fc.option(fc.constantFrom('Always', 'Never'), { nil: undefined }),
  other: fc.option(fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), { nil: undefined }),
});

const template = fc.record({ metadata, spec: podSpec });
const objectMeta = fc.record({
  name,
  annotations: fc.option(fc.dictionary(name, string, { maxKeys: 2 }), { nil: undefined }),
});

const workload: fc.Arbitrary<Json> = fc.oneof(
  fc.record({
    apiVersion: fc.constant('apps/v1'),
    kind: fc.constantFrom('Deployment', 'StatefulSet', 'DaemonSet'),
    metadata: objectMeta,
    spec: fc.record({ replicas: fc.nat(3), template }),
  }),
  fc.record({
    apiVersion: fc.constant('batch/v1'),
    kind: fc.constant('CronJob'),
    metadata: objectMeta,
    spec: fc.record({ jobTemplate: fc.record({ spec: fc.record({ template }) }) }),
  }),
  fc.record({ apiVersion: fc.constant('v1'), kind: fc.constant('Pod'), metadata: objectMeta, spec: podSpec }),
);
const foreign: fc.Arbitrary<Json> = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('ConfigMap'),
  metadata: objectMeta,
  data: fc.dictionary(name, string, { maxKeys: 3 }),
});
const list: fc.Arbitrary<Json> = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('List'),
  items: fc.array(fc.oneof(workload, foreign), { maxLength: 2 }),
});

/** A manifest as values and as text. */
export interface GeneratedManifest {
  readonly text: string;
  readonly documents: readonly unknown[];
}

export const generatedManifest: fc.Arbitrary<GeneratedManifest> = fc
  .record({
    objects: fc.array(fc.oneof({ weight: 6, arbitrary: workload }, foreign, list), { minLength: 1, maxLength: 3 }),
    choices: fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 300 }),
    step: fc.constantFrom(2, 2, 4, 1, 3),
    dashes: fc.constantFrom(0, 0, 2, 4),
    comments: fc.boolean(),
    json: fc.constantFrom(undefined, undefined, undefined, undefined, '', '  ', '\t'),
    lineBreak: fc.constantFrom('\n', '\n', '\r\n'),
    finalBreak: fc.boolean(),
    byteOrderMark: fc.constantFrom('', '', '', '\uFEFF'),
    lead: fc.constantFrom('', '', '---\n', '# head\n\n', '# head\n--- # first\n'),
  })
  .map(({ objects, choices, json, lineBreak, finalBreak, byteOrderMark, lead, ...style }) => {
    let made = 0;
    const choose = (ways: number): number => (choices[made++ % choices.length] ?? 0) % ways;
    const pen: Pen = { ...style, choose };
    const values = objects.map((object) => shuffled(withoutUndefined(object) as Json, choose));
    const texts = values.map((value) =>
      json !== undefined && !hasNull(value) ? JSON.stringify(value, null, json) : blockLines(value, 0, pen).join('\n'),
    );
    const separators = texts.map(() => ['\n---\n', '\n--- # next\n', '\n...\n---\n', '\n---\n\n'][choose(4)] ?? '');
    const body = texts
      .map((document, index) => (index === texts.length - 1 ? document : `${document}${separators[index] ?? ''}`))
      .join('');
    const text = `${lead}${body}${finalBreak ? '\n' : ''}`;
    return { text: byteOrderMark + text.replaceAll('\n', lineBreak), documents: values };
  });

function hasNull(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.values(value).some(hasNull));
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, withoutUndefined(item)]),
  );
}

/** The keys of every mapping in another order. */
function shuffled(value: Json, choose: (ways: number) => number): Json {
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, shuffledItem(item, choose)]);
  const order: [string, unknown][] = [];
  while (entries.length > 0) order.push(...entries.splice(choose(entries.length), 1));
  return Object.fromEntries(order);
}

function shuffledItem(item: unknown, choose: (ways: number) => number): unknown {
  if (Array.isArray(item)) return item.map((child) => shuffledItem(child, choose));
  return typeof item === 'object' && item !== null ? shuffled(item as Json, choose) : item;
}
