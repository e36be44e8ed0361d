import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import { formatAnswer } from '../../../../src/ways/webhook/answer.ts';
import { decide, type InjectorOptions } from '../../../../src/ways/webhook/decide.ts';
import type { WebhookName } from '../../../../src/ways/webhook/names.ts';
import { readReview } from '../../../../src/ways/webhook/review.ts';
import { bodyOf, options, customConfig, patched, reviewOf } from '../../../support/webhook/samples.ts';

const safeToEvict = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
const ours = 'packet-capture-files,packet-capture-no-token';

const name = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[a-z]{1,8}$/) },
  { weight: 1, arbitrary: fc.constantFrom('packet-capture', 'packet-capture-files', 'monitor', 'dumps') },
);
const extra = fc.dictionary(
  fc.constantFrom('image', 'env', 'command', 'resources', '__proto__', 'constructor', 'toString'),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 3 },
);
const named = fc.tuple(name, extra).map(([text, fields]) => ({ ...fields, name: text }));
const list = fc.option(fc.uniqueArray(named, { selector: (item) => item.name, maxLength: 5 }), { nil: null });
const annotationMaps = fc.option(
  fc.dictionary(
    fc.oneof(
      fc.constantFrom(
        'packet-capture/filter',
        'packet-capture/file-size',
        safeToEvict,
        'a/b~c',
        '__proto__',
        'toString',
        'x',
      ),
      fc.string(),
    ),
    fc.string(),
    { maxKeys: 5 },
  ),
  { nil: null },
);

/** Parsed from JSON, as in a request: `__proto__` is an ordinary key there. */
const pods = fc
  .record(
    {
      metadata: fc.record(
        {
          annotations: annotationMaps,
          labels: fc.option(fc.dictionary(fc.string(), fc.string()), { nil: null }),
          generateName: fc.string(),
        },
        { requiredKeys: [] },
      ),
      spec: fc.record(
        {
          containers: fc.uniqueArray(named, { selector: (item) => item.name, minLength: 1, maxLength: 5 }),
          initContainers: list,
          volumes: list,
          imagePullSecrets: list,
          ephemeralContainers: list,
          hostNetwork: fc.boolean(),
          tolerations: fc.jsonValue({ maxDepth: 3 }),
        },
        { requiredKeys: ['containers'] },
      ),
      status: fc.jsonValue({ maxDepth: 2 }),
    },
    { requiredKeys: ['spec'] },
  )
  .map((pod) => JSON.parse(JSON.stringify(pod)) as PodTemplate);

const secrets: InjectorOptions = {
  ...options,
  optOut: true,
  config:
    options.config.form === 'agent'
      ? { ...options.config, agent: { ...options.config.agent, imagePullSecrets: [{ name: 'registry' }] } }
      : options.config,
};
const cases = fc.tuple(
  pods,
  fc.constantFrom(secrets, { ...options, optOut: true, config: customConfig }),
  fc.constantFrom<WebhookName>('privileged', 'baseline'),
);

test('any pod is skipped, or gets the sidecar once and keeps everything else', () => {
  let injections = 0;
  fc.assert(
    fc.property(cases, ([pod, with_, webhook]) => {
      const before = JSON.stringify(pod);
      const verdict = decide(reviewOf(pod), webhook, with_);
      expect(JSON.stringify(pod)).toBe(before);
      if (verdict.decision === 'skipped') return;
      injections += 1;
      const after = patched(pod, verdict);
      expect(JSON.stringify(withoutAddition(after, pod))).toBe(before);
      expect(JSON.stringify(after).length).toBeGreaterThan(before.length);
      expect(decide(reviewOf(after), webhook, with_)).toEqual({
        decision: 'skipped',
        reason: 'already_injected',
        warnings: [],
      });
    }),
    { numRuns: 300 },
  );
  // Without injections, the property would hold trivially.
  expect(injections).toBeGreaterThan(50);
});

/** Removes the addition by comparison with the pod before it, without knowledge of what is added. */
function withoutAddition(after: PodTemplate, before: PodTemplate): unknown {
  const spec = Object.fromEntries(
    Object.entries(after.spec ?? {}).flatMap(([key, value]) => {
      const old = before.spec?.[key];
      if (
        !['containers', 'initContainers', 'volumes', 'imagePullSecrets'].includes(key) ||
        JSON.stringify(old) === JSON.stringify(value)
      )
        return [[key, value]];
      if (old === undefined) return [];
      if (old === null) return [[key, null]];
      const names = (old as { name: string }[]).map((item) => item.name);
      return [[key, (value as { name: string }[]).filter((item) => names.includes(item.name))]];
    }),
  );
  const metadata = after.metadata == null ? after.metadata : withoutStatus(after.metadata, before.metadata);
  return { ...after, metadata, ...(before.metadata === undefined ? { metadata: undefined } : {}), spec };
}

function withoutStatus(after: NonNullable<PodTemplate['metadata']>, before: PodTemplate['metadata']): unknown {
  if (before === undefined || before === null) return before;
  const { 'packet-capture/status': _status, [safeToEvict]: listed = '', ...others } = after.annotations ?? {};
  const own = before.annotations?.[safeToEvict];
  // For a custom sidecar, the annotation about volumes is not extended.
  expect([own ?? '', ours, `${ours},${own}`]).toContain(listed);
  const annotations = own === undefined ? others : before.annotations;
  if (before.annotations === undefined) {
    const { annotations: _added, ...rest } = after;
    return rest;
  }
  return { ...after, annotations: before.annotations === null ? null : annotations };
}

test('any request is refused as not a review, or the answer allows it', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.tuple(fc.jsonValue(), fc.jsonValue()).map(([object, kind]) => bodyOf(object, { kind })),
        fc.jsonValue().map((object) => bodyOf(object)),
      ),
      fc.constantFrom<WebhookName>('privileged', 'baseline', 'probe'),
      (body, webhook) => {
        const review = readReview(body);
        if (review === undefined) return;
        const answer = JSON.parse(formatAnswer(review, decide(review, webhook, secrets))) as {
          response: { allowed: boolean; uid: string };
        };
        expect(answer.response).toMatchObject({ allowed: true, uid: review.uid });
      },
    ),
    { numRuns: 300 },
  );
});

test('a pod with 20,000 nested objects is injected', () => {
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  const pod = JSON.parse(
    `{"metadata":{"annotations":{"packet-capture/inject":"true"}},"spec":{"containers":[{"name":"a","image":"b"}],"x":${deep}}}`,
  ) as unknown;
  expect(decide(reviewOf(pod), 'privileged', options)).toMatchObject({ decision: 'injected' });
});
