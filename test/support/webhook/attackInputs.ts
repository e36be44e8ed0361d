import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

/** One request of an attacker. */
export interface Attack {
  readonly path: string;
  readonly body: Buffer;
}

const folder = join(import.meta.dirname, '../../fixtures/reviews');

/** What a real API server sent, as text. */
export const realReviews: readonly string[] = ['deployment', 'job', 'bare', 'hostNetwork'].map((name) =>
  JSON.stringify(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))),
);

const paths = fc.constantFrom(
  '/inject/privileged',
  '/inject/privileged?timeout=3s',
  '/inject/privileged?timeout=3s',
  '/inject/baseline?timeout=3s',
  '/inject/baseline?timeout=3s',
  '/probe?timeout=3s',
);

/** Text that has hurt parsers, logs, terminals and metrics before. */
const nastyTexts: readonly string[] = [
  '',
  'true',
  'false',
  'null',
  'packet-capture',
  'packet-capture-files',
  'packet-capture-settings',
  'packet-capture-no-token',
  'packet-capture-upload',
  'a\nb',
  '\r\n{"event":"stopped"}\r\n',
  '\u0000',
  '\u001b[2J\u001b]0;x\u0007',
  '\u009b31m',
  '\u007f',
  '\u2028\u2029',
  '\u202eevil',
  '\ud800',
  '\udc00\ud800',
  '\ufeff',
  '"}\npacket_capture_injector_info{version="evil"} 1\n',
  '${jndi:ldap://x}',
  '{{ .Values }}',
  '%s%n%x',
  '../../secret',
  '/metadata/annotations',
  '~0~1~2',
  '-',
  '/',
  'x'.repeat(300),
  'ä'.repeat(5000),
  '9'.repeat(400),
  '1e999',
  '-1',
  '0',
  '-0',
  '16Mi',
  '8Ei',
  '9223372036854775807',
  '9223372036854775808Ki',
  '999999999Ei',
  '0.0000001',
  '1e9Mi',
  '٣',
  '((a+)+)+$',
  'not (tcp port 80',
  'windows',
  'CREATE',
  'Pod',
  '__proto__',
  'constructor',
  'toString',
  'length',
];

/** As JSON text: `__proto__` is a key like any other there, and numbers need not fit a double. */
const nastyJson: readonly string[] = [
  ...nastyTexts.map((text) => JSON.stringify(text)),
  'null',
  'true',
  'false',
  '0',
  '-0',
  '1e308',
  '1e400',
  '9007199254740993',
  '-1',
  '0.1',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '[{}]',
  '[{"name":null}]',
  '[{"name":""}]',
  '[{"name":["a"]}]',
  '[{"name":"packet-capture"}]',
  '[{"name":"a"},{"name":"a"}]',
  '[{"name":"packet-capture-files","emptyDir":{}}]',
  '{"__proto__":{"containers":[]}}',
  '{"__proto__":null}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"toString":1,"valueOf":2}',
  '{"length":3,"0":{"name":"a"}}',
  '{"packet-capture/inject":"true"}',
  '{"packet-capture/inject":"true","packet-capture/file-size":"8191Ti","packet-capture/file-count":"999999999"}',
  '{"packet-capture/status":"{}"}',
  '{"packet-capture/probe":"1"}',
  '{"app.kubernetes.io/component":"probe"}',
  '{"limits":{"cpu":"1","memory":"1Gi"}}',
  '{"limits":{"cpu":1,"memory":null},"requests":{"cpu":"1000m"}}',
  '{"kubernetes.io/config.mirror":"x"}',
  '{"name":"windows"}',
  `"${'\\u0041'.repeat(2000)}"`,
  `${'['.repeat(500)}${']'.repeat(500)}`,
  `{"a":${'{"a":'.repeat(300)}1${'}'.repeat(301)}`,
];

const keys: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'name',
  'metadata',
  'annotations',
  'labels',
  'spec',
  'containers',
  'initContainers',
  'volumes',
  'imagePullSecrets',
  'ephemeralContainers',
  'resources',
  'hostNetwork',
  'os',
  'nodeSelector',
  'packet-capture/inject',
  'packet-capture/status',
  'packet-capture/file-size',
  'packet-capture/file-count',
  'packet-capture/filter',
  'a/b~c',
  '',
  'uid',
  'object',
  'request',
  'kind',
  'operation',
  'subResource',
  'namespace',
  'generateName',
];

type Holder = Record<string, unknown> | unknown[];

interface Mutation {
  readonly place: number;
  readonly deed: 'set' | 'remove' | 'insert' | 'double' | 'move';
  readonly key: string;
  readonly json: string;
}

const anyJson = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...nastyJson) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii' }).map((text) => JSON.stringify(text)) },
);
const anyKey = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...keys) }, { weight: 1, arbitrary: fc.string() });
const mutations: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat(),
  deed: fc.constantFrom('set', 'set', 'set', 'remove', 'insert', 'insert', 'double', 'move'),
  key: anyKey,
  json: anyJson,
});

/** Every object and array of a tree, those near its root more than once: what the server reads stands there. */
function holdersOf(root: Holder): Holder[] {
  const found: Holder[] = [];
  const visit = (holder: Holder, depth: number): void => {
    for (let times = depth < 6 ? 6 - depth : 1; times > 0; times -= 1) found.push(holder);
    for (const value of Object.values(holder))
      if (typeof value === 'object' && value !== null) visit(value as Holder, depth + 1);
  };
  visit(root, 0);
  return found;
}

/** Not `holder[key] = …`, which would make `__proto__` a prototype instead of a key. */
function put(holder: Holder, key: string, value: unknown): void {
  if (Array.isArray(holder)) holder.splice(Math.min(Number(key) || 0, holder.length), 1, value);
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function mutate(root: Holder, { place, deed, key, json }: Mutation): void {
  const holders = holdersOf(root);
  const holder = holders[place % holders.length] as Holder;
  const present = Object.keys(holder);
  const old = present[place % Math.max(present.length, 1)];
  const value = JSON.parse(json) as unknown;
  if (deed === 'insert' && !Array.isArray(holder)) return put(holder, key, value);
  if (deed === 'insert') return void (holder as unknown[]).push(value);
  if (old === undefined) return;
  const before = (holder as Record<string, unknown>)[old];
  if (deed === 'set') return put(holder, old, value);
  if (deed === 'double' && Array.isArray(holder)) return void holder.push(structuredClone(before));
  if (deed === 'double' || deed === 'move') put(holder, Array.isArray(holder) ? old : key, structuredClone(before));
  if (deed === 'move' || deed === 'remove') {
    if (Array.isArray(holder)) holder.splice(Number(old), 1);
    else delete holder[old];
  }
}

/** A real review with some of its JSON changed. */
const changedReviews: fc.Arbitrary<Buffer> = fc
  .tuple(fc.nat(realReviews.length - 1), fc.array(mutations, { maxLength: 4 }))
  .map(([index, changes]) => {
    const root = JSON.parse(realReviews[index] ?? '{}') as Holder;
    for (const change of changes) mutate(root, change);
    return Buffer.from(JSON.stringify(root));
  });

/** Pods of which just what the server reads is changed, most of which it has to inject. */
const changedPods: fc.Arbitrary<Buffer> = fc
  .record({
    index: fc.nat(realReviews.length - 2),
    annotations: fc.dictionary(anyKey, fc.oneof(fc.constantFrom(...nastyTexts), fc.string({ unit: 'binary-ascii' })), {
      maxKeys: 4,
    }),
    fields: fc.dictionary(
      fc.constantFrom(
        'volumes',
        'initContainers',
        'imagePullSecrets',
        'ephemeralContainers',
        'tolerations',
        'status',
        '__proto__',
      ),
      anyJson,
      { maxKeys: 2 },
    ),
    name: fc.constantFrom(...nastyTexts),
    uid: fc.oneof(fc.uuid(), fc.constantFrom(...nastyTexts), fc.string({ unit: 'binary-ascii', minLength: 1 })),
  })
  .map(({ index, annotations, fields, name, uid }) => {
    const review = JSON.parse(realReviews[index] ?? '{}') as {
      request: { uid: string; name: string; object: { metadata: { annotations: Holder }; spec: Holder } };
    };
    review.request.uid = uid;
    review.request.name = name;
    const { metadata, spec } = review.request.object;
    for (const [key, value] of Object.entries(annotations)) put(metadata.annotations, key, value);
    for (const [key, json] of Object.entries(fields)) put(spec, key, JSON.parse(json));
    return Buffer.from(JSON.stringify(review));
  });

/** A real review with some of its bytes changed: cut off, flipped, doubled, or other bytes in between. */
const changedBytes: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.nat(realReviews.length - 1),
    fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('flip', 'cut', 'insert', 'double', 'drop'), fc.uint8Array({ maxLength: 8 })),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([index, changes]) => {
    let bytes = Buffer.from(realReviews[index] ?? '');
    for (const [at, deed, other] of changes) {
      const place = at % Math.max(bytes.length, 1);
      const [front, back] = [bytes.subarray(0, place), bytes.subarray(place)];
      if (deed === 'flip')
        bytes = Buffer.concat([front, Buffer.from([(back[0] ?? 0) ^ (other[0] ?? 1)]), back.subarray(1)]);
      else if (deed === 'cut') bytes = Buffer.from(front);
      else if (deed === 'insert') bytes = Buffer.concat([front, other, back]);
      else if (deed === 'double') bytes = Buffer.concat([front, back.subarray(0, 40), back]);
      else bytes = Buffer.concat([front, back.subarray(1 + (other[0] ?? 0))]);
    }
    return bytes;
  });

/** JSON that readers disagree about: keys twice, numbers beyond doubles, escapes, blanks. */
const changedText: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.nat(realReviews.length - 1),
    anyKey,
    anyJson,
    fc.constantFrom('first', 'last', 'pod', 'blank', 'bom', 'tail'),
  )
  .map(([index, key, json, where]) => {
    const text = realReviews[index] ?? '';
    const member = `${JSON.stringify(key)}:${json}`;
    if (where === 'first') return Buffer.from(`{${member},${text.slice(1)}`);
    if (where === 'last') return Buffer.from(`${text.slice(0, -1)},${member}}`);
    if (where === 'pod') return Buffer.from(text.replace('"spec":{', () => `"spec":{${member},`));
    if (where === 'blank') return Buffer.from(text.replaceAll(':', ' :\t\r\n').replaceAll(',', '\n,'));
    return Buffer.from(where === 'bom' ? `\ufeff${text}` : `${text}${json}`);
  });

const bodies = fc.oneof(
  { weight: 5, arbitrary: changedReviews },
  { weight: 5, arbitrary: changedPods },
  { weight: 2, arbitrary: changedBytes },
  { weight: 1, arbitrary: changedText },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
);

export const attacks: fc.Arbitrary<Attack> = fc.record({ path: paths, body: bodies });
