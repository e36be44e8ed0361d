import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownersAnnotation } from '../../../../src/release/hooks/ownership.ts';
import { planOptIn, planOptOut, type ApiObject } from '../../../../src/release/hooks/planChange.ts';
import { targetKinds, type TargetKind } from '../../../../src/release/hooks/targetObject.ts';

type Strings = Readonly<Record<string, string>>;

const key = 'packet-capture/inject';

/** RFC 7386, as the API server does it. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null) return patch;
  const result: Record<string, unknown> = { ...(typeof target === 'object' ? target : {}) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

function make(
  kind: TargetKind,
  marks: Strings | undefined,
  annotations: Strings | undefined,
  resourceVersion = '7',
): ApiObject {
  const own = { resourceVersion, ...(annotations === undefined ? {} : { annotations }) };
  if (kind === 'Namespace') return { metadata: { ...own, ...(marks === undefined ? {} : { labels: marks }) } };
  return {
    metadata: { ...own, labels: { a: 'b' } },
    spec: {
      template: { metadata: { labels: { app: 'web' }, ...(marks === undefined ? {} : { annotations: marks }) } },
    },
  };
}

function optIn(object: ApiObject, kind: TargetKind, owner: string, wanted = key): ApiObject {
  return mergePatch(object, planOptIn(object, { kind, owner, key: wanted }).patch ?? {}) as ApiObject;
}

function optOut(object: ApiObject, kind: TargetKind, owner: string): ApiObject {
  return mergePatch(object, planOptOut(object, kind, owner).patch ?? {}) as ApiObject;
}

function marksOf({ metadata, spec }: ApiObject, kind: TargetKind): Strings {
  return (kind === 'Namespace' ? metadata.labels : spec?.template?.metadata?.annotations) ?? {};
}

/** Keys of which the API server keeps a map only when it is not empty. */
const someKeys = ['app', 'team', 'sidecar-injector', key, 'packet-capture/filter', 'constructor'];
const map = fc.option(
  fc.dictionary(fc.constantFrom(...someKeys), fc.constantFrom('', 'true', 'false', 'enabled', 'x'), { minKeys: 1 }),
  { nil: undefined },
);
const foreign = fc.option(fc.dictionary(fc.constantFrom('team', 'note'), fc.string(), { minKeys: 1 }), {
  nil: undefined,
});
const object = fc.record({ kind: fc.constantFrom(...targetKinds), marks: map, annotations: foreign });
const wantedKey = fc.constantFrom(key, 'sidecar-injector');

describe('for any object', () => {
  test('an opt-in and an opt-out restore the object', () => {
    fc.assert(
      fc.property(object, wantedKey, ({ kind, marks, annotations }, wanted) => {
        const before = make(kind, marks, annotations);
        expect(optOut(optIn(before, kind, 'a/one', wanted), kind, 'a/one')).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  test('releases that come and go in any order, with changing keys, restore the object when all are gone', () => {
    const step = fc.record({
      owner: fc.constantFrom('a/one', 'a/two', 'b/one'),
      wanted: wantedKey,
      into: fc.boolean(),
    });
    fc.assert(
      fc.property(object, fc.array(step, { maxLength: 8 }), ({ kind, marks, annotations }, steps) => {
        const before = make(kind, marks, annotations);
        const busy = steps.reduce(
          (now, { owner, wanted, into }) => (into ? optIn(now, kind, owner, wanted) : optOut(now, kind, owner)),
          before,
        );
        const after = ['b/one', 'a/one', 'a/two'].reduce((now, owner) => optOut(now, kind, owner), busy);
        expect(after).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  test("the user's own marks never change on the way", () => {
    fc.assert(
      fc.property(object, wantedKey, ({ kind, marks, annotations }, wanted) => {
        const during = optIn(make(kind, marks, annotations), kind, 'a/one', wanted);
        expect(marksOf(during, kind)).toMatchObject(marks ?? {});
        expect(during.metadata.annotations ?? {}).toMatchObject(annotations ?? {});
      }),
    );
  });

  test('the second time there is no patch', () => {
    fc.assert(
      fc.property(object, wantedKey, ({ kind, marks, annotations }, wanted) => {
        const once = optIn(make(kind, marks, annotations), kind, 'a/one', wanted);
        expect(planOptIn(once, { kind, owner: 'a/one', key: wanted }).patch).toBeUndefined();
        const out = optOut(once, kind, 'a/one');
        expect(planOptOut(out, kind, 'a/one').patch).toBeUndefined();
      }),
    );
  });

  test('a release keeps its key when another one is removed', () => {
    fc.assert(
      fc.property(object, wantedKey, wantedKey, ({ kind, marks, annotations }, first, second) => {
        const both = optIn(optIn(make(kind, marks, annotations), kind, 'a/one', first), kind, 'a/two', second);
        const left = optOut(both, kind, 'a/one');
        const alone = optIn(make(kind, marks, annotations), kind, 'a/two', second);
        expect(marksOf(left, kind)[second]).toBe(marksOf(alone, kind)[second]);
      }),
    );
  });
});

describe('the patch', () => {
  test('labels a namespace, and records the release', () => {
    const plan = planOptIn(make('Namespace', { team: 'x' }, undefined), {
      kind: 'Namespace',
      owner: 'pc/packet-capture',
      key: 'packet-capture/injection',
    });
    expect(plan).toEqual({
      patch: {
        metadata: {
          resourceVersion: '7',
          labels: { 'packet-capture/injection': 'enabled' },
          annotations: { [ownersAnnotation]: '{"pc/packet-capture":"packet-capture/injection"}' },
        },
      },
      ours: true,
    });
  });

  test('annotates the pod template, and records the release outside of it', () => {
    const plan = planOptIn(make('Deployment', undefined, { note: 'x' }), { kind: 'Deployment', owner: 'pc/a', key });
    expect(plan.patch).toEqual({
      metadata: { resourceVersion: '7', annotations: { [ownersAnnotation]: `{"pc/a":"${key}"}` } },
      spec: { template: { metadata: { annotations: { [key]: 'true' } } } },
    });
  });

  test('does not touch the template when a second release joins', () => {
    const first = optIn(make('Deployment', undefined, undefined), 'Deployment', 'a/one');
    expect(planOptIn(first, { kind: 'Deployment', owner: 'a/two', key }).patch).toEqual({
      metadata: { resourceVersion: '7', annotations: { [ownersAnnotation]: `{"a/one":"${key}","a/two":"${key}"}` } },
    });
  });

  test('replaces a key in one step', () => {
    const old = optIn(make('Deployment', undefined, undefined), 'Deployment', 'a/one', 'sidecar-injector');
    expect(planOptIn(old, { kind: 'Deployment', owner: 'a/one', key }).patch).toMatchObject({
      spec: { template: { metadata: { annotations: { [key]: 'true', 'sidecar-injector': null } } } },
    });
  });

  test('sets a key again that was removed', () => {
    const own = { [ownersAnnotation]: `{"a/one":"${key}"}` };
    expect(planOptIn(make('StatefulSet', undefined, own), { kind: 'StatefulSet', owner: 'a/one', key }).patch).toEqual({
      metadata: { resourceVersion: '7' },
      spec: { template: { metadata: { annotations: { [key]: 'true' } } } },
    });
  });
});

describe('left alone', () => {
  test.each<[string, TargetKind, Strings, string]>([
    ['set_by_others', 'Namespace', { 'sidecar-injector': 'enabled' }, 'sidecar-injector'],
    ['other_value', 'Namespace', { 'sidecar-injector': 'disabled' }, 'sidecar-injector'],
    ['set_by_others', 'DaemonSet', { [key]: 'true' }, key],
    ['opted_out', 'Deployment', { [key]: 'false' }, key],
    ['opted_out', 'Deployment', { [key]: 'false' }, 'sidecar-injector'],
    ['other_value', 'Deployment', { 'sidecar-injector': 'false' }, 'sidecar-injector'],
  ])('%s: %s %j', (left, kind, marks, wanted) => {
    expect(planOptIn(make(kind, marks, undefined), { kind, owner: 'a/one', key: wanted })).toEqual({
      patch: undefined,
      ours: false,
      left,
    });
  });

  test('a value that the user has changed stays when the release is removed', () => {
    const changed = make('Deployment', { [key]: 'false' }, { [ownersAnnotation]: `{"a/one":"${key}"}`, note: 'x' });
    expect(planOptIn(changed, { kind: 'Deployment', owner: 'a/one', key })).toEqual({
      patch: undefined,
      ours: true,
      left: 'opted_out',
    });
    expect(planOptOut(changed, 'Deployment', 'a/one').patch).toEqual({
      metadata: { resourceVersion: '7', annotations: { [ownersAnnotation]: null } },
    });
  });

  test.each(['', 'yes', '[]', 'null', '{"a/one":1}'])('owners that cannot be read: %j', (text) => {
    const broken = make('Namespace', { 'sidecar-injector': 'enabled' }, { [ownersAnnotation]: text });
    expect(planOptIn(broken, { kind: 'Namespace', owner: 'a/one', key })).toEqual({
      patch: undefined,
      ours: false,
      left: 'owners_unreadable',
    });
    expect(planOptOut(broken, 'Namespace', 'a/one')).toEqual({
      patch: undefined,
      ours: false,
      left: 'owners_unreadable',
    });
  });
});
