import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChartOverrides } from '../../src/chart/index.ts';
import { webhookNames } from '../../src/ways/webhook/names.ts';
import { probePod } from '../../src/ways/webhook/probe.ts';
import { matchingWebhooks, type Creation } from '../support/chart/admission.ts';
import { ofKind, podTemplates, render } from '../support/chart/helm.ts';
import { bakedCerts, site, valueSets } from '../support/chart/valueSets.ts';

const sets = valueSets(await bakedCerts(), await bakedCerts('capture', 'chart-other'));
const chosen = [
  'baked',
  "the article's keys and sidecar",
  'opt out, further selectors',
  'names, labels and annotations',
] as const;

const own = 'packet-capture/inject';
const level = 'pod-security.kubernetes.io/enforce';

interface Rules {
  readonly namespace: string;
  readonly label: string;
  readonly annotation: string;
  readonly optOut: boolean;
}

function rulesOf({ injection = {}, namespaceOverride = site.namespace }: ChartOverrides): Rules {
  const { namespaceLabel = 'packet-capture/injection', annotation = own, optOut = false } = injection;
  return { namespace: namespaceOverride, label: namespaceLabel, annotation, optOut };
}

/** Mostly properties that the rules read, so that many pods nearly match. */
function creations({ namespace, label, annotation }: Rules): fc.Arbitrary<Creation> {
  const text = fc.constantFrom('true', 'false', 'enabled', '', 'True', ' true', 'x');
  const maybe = <T>(value: fc.Arbitrary<T>, key: string): fc.Arbitrary<object> =>
    fc.oneof(
      value.map((found) => ({ [key]: found })),
      fc.constant({}),
    );
  const all = (...parts: Array<fc.Arbitrary<object>>): fc.Arbitrary<Record<string, string>> =>
    fc.tuple(...parts).map((found) => Object.assign({}, ...found) as Record<string, string>);
  const annotations = all(
    maybe(fc.oneof({ weight: 4, arbitrary: fc.constant('true') }, text), annotation),
    fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, maybe(text, own)),
    fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, fc.constant({ 'kubernetes.io/config.mirror': 'a' })),
    fc.dictionary(fc.constantFrom('a', 'constructor', '__proto__x'), text),
  );
  return fc.record({
    namespace: fc.oneof(
      { weight: 5, arbitrary: fc.constant('shop') },
      { weight: 2, arbitrary: fc.constant(namespace) },
      fc.constantFrom('kube-system', 'kube-node-lease', 'kube-public', 'payments'),
    ),
    namespaceLabels: all(
      fc.oneof({ weight: 6, arbitrary: fc.constant({ [label]: 'enabled' }) }, maybe(text, label)),
      maybe(fc.constantFrom('privileged', 'baseline', 'restricted', 'other'), level),
      maybe(fc.constantFrom('aks', 'user'), 'kubernetes.azure.com/managedby'),
      fc.oneof({ weight: 5, arbitrary: fc.constant({ env: 'test', team: 'a' }) }, fc.constant({})),
    ),
    pod: fc.record({
      metadata: fc.record(
        {
          labels: all(
            fc.oneof({ weight: 5, arbitrary: fc.constant({ tier: 'web' }) }, fc.constant({})),
            fc.oneof(
              { weight: 5, arbitrary: fc.constant({}) },
              fc.constantFrom({ legacy: '1' }, { 'job-name': 'nightly' }),
            ),
            maybe(fc.constantFrom(site.release, site.release, 'other'), 'app.kubernetes.io/instance'),
            maybe(fc.constantFrom('injector', 'hook', 'test', 'probe', 'probe'), 'app.kubernetes.io/component'),
          ),
          annotations,
        },
        { requiredKeys: [] },
      ),
      spec: fc.record(
        { hostNetwork: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)) },
        { requiredKeys: [] },
      ),
    }),
    dryRun: fc.boolean(),
  });
}

function isProbe(values: ChartOverrides, { pod, namespaceLabels, dryRun }: Creation): boolean {
  const labels = pod.metadata.labels ?? {};
  if (values.webhook?.admissionEnforcer !== false && namespaceLabels['kubernetes.azure.com/managedby'] === 'aks')
    return false;
  return (
    dryRun && labels['app.kubernetes.io/instance'] === site.release && labels['app.kubernetes.io/component'] === 'probe'
  );
}

/** The rules, written a second time: the webhook that must be called, if any. */
function expected(values: ChartOverrides, rules: Rules, creation: Creation): string | undefined {
  if (creation.namespace === rules.namespace) return isProbe(values, creation) ? webhookNames.probe : undefined;
  if (!takesPart(values, rules, creation) || !asks(rules, creation.pod)) return undefined;
  const labelled = creation.namespaceLabels[level] ?? '';
  const enforced = ['privileged', 'baseline', 'restricted'].includes(labelled)
    ? labelled
    : values.injection?.podSecurity;
  if (enforced === 'restricted') return undefined;
  return enforced === 'baseline' ? webhookNames.baseline : webhookNames.privileged;
}

function takesPart(values: ChartOverrides, { label }: Rules, { namespace, namespaceLabels, pod }: Creation): boolean {
  const excluded = ['kube-system', 'kube-node-lease', 'kube-public', ...(values.injection?.excludedNamespaces ?? [])];
  if (excluded.includes(namespace) || namespaceLabels[label] !== 'enabled') return false;
  if (values.webhook?.admissionEnforcer !== false && namespaceLabels['kubernetes.azure.com/managedby'] === 'aks')
    return false;
  if (values.injection?.objectSelector === undefined) return true;
  const labels = pod.metadata.labels ?? {};
  const selected = namespaceLabels['env'] === 'test' && 'team' in namespaceLabels && labels['tier'] === 'web';
  return selected && !('legacy' in labels) && !('job-name' in labels);
}

function asks({ annotation, optOut }: Rules, { metadata, spec }: Creation['pod']): boolean {
  const annotations = metadata.annotations ?? {};
  if (annotations[own] === 'false' || 'kubernetes.io/config.mirror' in annotations) return false;
  if ('hostNetwork' in spec && spec.hostNetwork === true) return false;
  return optOut ? annotations[annotation] !== 'false' : annotations[annotation] === 'true';
}

describe.each(chosen)('with the values "%s"', async (name) => {
  const values = sets[name] ?? {};
  const rules = rulesOf(values);
  const objects = await render(values);
  const configuration = ofKind(objects, 'MutatingWebhookConfiguration');

  test('a pod matches exactly the webhook of the rules, or none', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(creations(rules), (creation) => {
        const matched = matchingWebhooks(configuration, creation);
        expect(matched.length).toBeLessThanOrEqual(1);
        expect(matched[0]).toBe(expected(values, rules, creation));
        const first = matched[0] ?? 'none';
        seen.set(first, (seen.get(first) ?? 0) + 1);
      }),
      { numRuns: 3000 },
    );
    // Enough pods match, so the test is not trivial.
    for (const webhook of [...Object.values(webhookNames), 'none'])
      expect(seen.get(webhook) ?? 0, webhook).toBeGreaterThan(5);
  });

  test('no pod of the release matches, whatever its annotations', () => {
    for (const { id, metadata } of podTemplates(objects)) {
      const annotations = { ...metadata.annotations, [rules.annotation]: 'true' };
      const namespaceLabels = { [rules.label]: 'enabled', env: 'test', team: 'a' };
      for (const dryRun of [true, false]) {
        const pod = { metadata: { labels: { ...metadata.labels, tier: 'web' }, annotations }, spec: {} };
        expect(
          matchingWebhooks(configuration, { namespace: rules.namespace, namespaceLabels, pod, dryRun }),
          id,
        ).toEqual([]);
      }
    }
  });

  test('the probe matches its webhook only in a dry run and in the namespace of the release', () => {
    const pod = probePod({ release: site.release, namespace: rules.namespace, image: 'a' }) as Creation['pod'];
    const probe = { namespace: rules.namespace, namespaceLabels: { [level]: 'restricted' }, pod, dryRun: true };
    expect(matchingWebhooks(configuration, probe)).toEqual([webhookNames.probe]);
    expect(matchingWebhooks(configuration, { ...probe, dryRun: false })).toEqual([]);
    expect(matchingWebhooks(configuration, { ...probe, namespace: 'shop' })).toEqual([]);
    const other = probePod({ release: 'other', namespace: rules.namespace, image: 'a' }) as Creation['pod'];
    expect(matchingWebhooks(configuration, { ...probe, pod: other })).toEqual([]);
  });
});

test('the namespace and pod of the article match', async () => {
  const configuration = ofKind(
    await render(sets["the article's keys and sidecar"] ?? {}),
    'MutatingWebhookConfiguration',
  );
  const creation = {
    namespace: 'default',
    namespaceLabels: { 'sidecar-injector': 'enabled' },
    pod: {
      metadata: { labels: { app: 'nginx' }, annotations: { 'sidecar-injector-webhook.morven.me/inject': 'true' } },
      spec: {},
    },
    dryRun: false,
  };
  expect(matchingWebhooks(configuration, creation)).toEqual([webhookNames.privileged]);
  const refusing = {
    ...creation,
    pod: { ...creation.pod, metadata: { annotations: { ...creation.pod.metadata.annotations, [own]: 'false' } } },
  };
  expect(matchingWebhooks(configuration, refusing)).toEqual([]);
});
