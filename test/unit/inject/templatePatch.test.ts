import fc from 'fast-check';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { expect, test } from 'vitest';
import { additionPatch, jsonPointer, planInjection, planRemoval, removalPatch } from '../../../src/inject/index.ts';
import { templatePath, workloadKinds } from '../../../src/kubernetes/api/kinds.ts';
import type { PatchOperation, PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../src/sidecar/index.ts';

type Json = Record<string, unknown>;
const options = { config: defaultSidecarConfig, settings: { filter: 'port 80' }, podSecurity: 'privileged' } as const;

/** Applies a patch. fast-json-patch refuses a patch that does not apply, like the API server. */
function apply(object: Json, patch: readonly PatchOperation[]): Json {
  return jsonPatch.applyPatch(structuredClone(object), structuredClone(patch) as Operation[], true).newDocument;
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const named = fc.uniqueArray(name, { maxLength: 4 }).map((names) => names.map((item) => ({ name: item })));
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof(value, fc.constant(null), fc.constant(undefined));
const template: fc.Arbitrary<PodTemplate> = fc.record({
  metadata: optional(
    fc.record({ annotations: optional(fc.dictionary(fc.constantFrom('x/y', 'a~b', 'plain'), fc.string())) }),
  ),
  spec: fc.record({
    containers: fc.uniqueArray(name, { minLength: 1 }).map((names) => names.map((item) => ({ name: item }))),
    initContainers: optional(named),
    volumes: optional(named),
  }),
}) as fc.Arbitrary<PodTemplate>;
const kind = fc.constantFrom(...workloadKinds.map((item) => templatePath(apiVersionOf(item), item) ?? []));

function apiVersionOf(item: string): string {
  if (['Job', 'CronJob'].includes(item)) return 'batch/v1';
  return ['Pod', 'PodTemplate', 'ReplicationController'].includes(item) ? 'v1' : 'apps/v1';
}

function wrap(path: readonly string[], inner: PodTemplate): Json {
  return path.reduceRight<Json>(
    (value, key) => ({ [key]: value, beside: 1 }),
    JSON.parse(JSON.stringify(inner)) as Json,
  );
}

function unwrap(path: readonly string[], object: Json): PodTemplate {
  return path.reduce<Json>((value, key) => value[key] as Json, object);
}

/** Makes absent, null and empty lists and maps equal, as they are for Kubernetes. */
function stored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stored);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, stored(item)] as const);
  return Object.fromEntries(
    entries.filter(([, item]) => item != null && !(typeof item === 'object' && Object.keys(item).length === 0)),
  );
}

test('the removal patch undoes the addition patch, for every kind and shape', () => {
  fc.assert(
    fc.property(template, kind, (inner, path) => {
      const object = wrap(path, inner);
      const plan = planInjection(unwrap(path, object), options);
      if (!plan.inject) throw new Error(plan.reason);
      const injected = apply(object, additionPatch(unwrap(path, object), plan.addition, path));
      const again = unwrap(path, injected);
      expect(again.spec?.initContainers?.[0]).toMatchObject({ name: 'packet-capture' });
      expect(again.spec?.containers).toEqual(inner.spec?.containers);
      expect(planInjection(again, options)).toEqual({ inject: false, reason: 'already_injected' });
      const removal = planRemoval(again, defaultSidecarConfig);
      if (!removal.remove) throw new Error(removal.reason);
      expect(stored(apply(injected, removalPatch(again, removal.removal, path)))).toEqual(stored(object));
    }),
    { numRuns: 100 },
  );
});

test('the addition patch keeps all annotations of the pod', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
        fc.string(),
      ),
      (annotations) => {
        const object: Json = { metadata: { annotations }, spec: { containers: [{ name: 'a' }] } };
        const plan = planInjection(object, options);
        if (!plan.inject) throw new Error(plan.reason);
        const after = apply(object, additionPatch(object, plan.addition, [])) as PodTemplate;
        expect(after.metadata?.annotations).toMatchObject(annotations);
      },
    ),
  );
});

test('a pointer escapes ~ and /', () => {
  expect(jsonPointer(['metadata', 'annotations', 'packet-capture/status', 'a~b', 0])).toBe(
    '/metadata/annotations/packet-capture~1status/a~0b/0',
  );
});

test.each([
  [{}, [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: 'a' }] }]],
  [{ imagePullSecrets: [{ name: 'own' }] }, [{ op: 'add', path: '/spec/imagePullSecrets/-', value: { name: 'a' } }]],
])('pull secrets are added to a pod with %j', (spec, operations) => {
  const addition = {
    annotations: {},
    initContainers: [],
    containers: [],
    volumes: [],
    imagePullSecrets: [{ name: 'a' }],
  };
  expect(additionPatch({ spec }, addition, [])).toEqual(operations);
});
