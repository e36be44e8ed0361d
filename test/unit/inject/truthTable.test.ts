import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import {
  levelRows,
  optInRowOf,
  optInRows,
  planInjection,
  podSecurityLabel,
  podSecurityLevel,
  skipOrder,
  skipReasons,
  type InjectingWay,
  type PodSecurityLevel,
} from '../../../src/inject/index.ts';
import { holds, termsOf } from '../../../src/kubernetes/api/labels.ts';
import type { LabelSelector, PodTemplate } from '../../../src/kubernetes/api/types.ts';
import { injectAnnotation, namespaceLabel } from '../../../src/settings/index.ts';
import { defaultSidecarConfig as config, type AssumedLevel } from '../../../src/sidecar/index.ts';
import { injectManifest } from '../../../src/ways/manifest/index.ts';
import { policyExpressions, policyObjects, policyParameters } from '../../../src/ways/policy/index.ts';
import { decide } from '../../../src/ways/webhook/decide.ts';
import { podFixtures, type PodFixture } from '../../support/pods/index.ts';
import { evaluate } from '../../support/policy/evaluate.ts';
import { reviewOf } from '../../support/webhook/samples.ts';

interface Asked {
  readonly template: PodTemplate;
  /** The labels of the namespace. */
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace?: string | undefined;
  readonly optOut?: boolean;
  readonly assumed?: AssumedLevel;
}

/** What a way does: inject with a profile, skip for a reason, or not look at the pod at all. */
type Result = 'privileged' | 'baseline' | 'not asked' | (string & {});

const profileOf = (pod: PodTemplate): Result =>
  JSON.stringify(pod.spec?.initContainers).includes('NET_RAW') ? 'privileged' : 'baseline';

/** The profile that the policy's bindings choose for a namespace; the chart's webhooks have the same selectors. */
function boundProfile({ labels, namespace = 'shop', assumed = 'auto' }: Asked): 'privileged' | 'baseline' | undefined {
  const objects = policyObjects({
    config,
    name: 'packet-capture',
    namespace: 'packet-capture',
    namespaceLabel,
    annotation: injectAnnotation,
    optOut: false,
    podSecurity: assumed,
    failurePolicy: 'Ignore',
  }) as readonly {
    kind: string;
    metadata: { name: string };
    spec: { matchResources: Record<string, LabelSelector> };
  }[];
  const matching = objects.filter(({ kind, spec }) => {
    const selector = kind.endsWith('Binding') ? spec.matchResources['namespaceSelector'] : undefined;
    const all = { ...labels, 'kubernetes.io/metadata.name': namespace };
    return selector !== undefined && termsOf(selector).every((term) => holds(term, all));
  });
  expect(matching.length).toBeLessThanOrEqual(1);
  const [binding] = matching;
  if (binding === undefined) return undefined;
  return binding.metadata.name.endsWith('.baseline') ? 'baseline' : 'privileged';
}

/** CEL's `sum` is the API server's own; test/cluster evaluates that condition. */
const conditions = policyExpressions.matchConditions.filter(({ expression }) => !expression.includes('.sum('));

const ways: Readonly<Record<InjectingWay, (asked: Asked) => Result>> = {
  manifest: ({ template, labels, namespace = 'shop', assumed = 'auto' }) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      ...template,
      metadata: { name: 'a', ...template.metadata, namespace },
    };
    const owner = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
    const text = [owner, pod].map((object) => dump(object)).join('---\n');
    const podSecurity = labels[podSecurityLabel] === undefined ? podSecurityLevel(labels, assumed) : undefined;
    const { reports, text: after } = injectManifest(text, { config, settings: {}, file: 'a.yaml', podSecurity });
    const report = reports.find(({ kind }) => kind === 'Pod');
    if (report?.result === 'skipped') return report.reason ?? '';
    return after.includes('NET_RAW') ? 'privileged' : 'baseline';
  },
  patch: ({ template, labels, namespace = 'shop', assumed }) => {
    const podSecurity = podSecurityLevel(labels, assumed);
    const plan = planInjection(template, { config, settings: {}, podSecurity, namespace });
    if (!plan.inject) return plan.reason;
    return profileOf({ spec: { containers: [], initContainers: plan.addition.initContainers } });
  },
  webhook: (asked) => {
    const profile = boundProfile(asked);
    if (profile === undefined) return 'not asked';
    const { template, namespace = 'shop', optOut = false } = asked;
    const review = reviewOf(template, { namespace });
    const verdict = decide(review, profile, { config, annotation: injectAnnotation, optOut });
    if (verdict.decision === 'injected') return profile;
    return verdict.reason === 'not_opted_in' ? 'not asked' : verdict.reason;
  },
  policy: (asked) => {
    const profile = boundProfile(asked);
    if (profile === undefined) return 'not asked';
    const { template, namespace = 'shop', optOut = false } = asked;
    const data = policyParameters(config, { profile, annotation: injectAnnotation, optOut });
    const variables = { object: { metadata: {}, ...asStored(template) }, params: { data }, request: { namespace } };
    const failed = conditions.find(({ expression }) => evaluate(expression, variables) !== true)?.name;
    const reason = failed?.replace('packet-capture.internal/', '').replaceAll('-', '_');
    return reason === 'not_opted_in' ? 'not asked' : (reason ?? profile);
  },
};
const names = Object.keys(ways) as InjectingWay[];
const isCommand = (way: InjectingWay): boolean => way === 'manifest' || way === 'patch';

/** The API server stores no empty lists and maps. */
function asStored(template: PodTemplate): PodTemplate {
  return JSON.parse(JSON.stringify(template), (_, value: unknown) =>
    value === null || (typeof value === 'object' && Object.keys(value).length === 0) ? undefined : value,
  ) as PodTemplate;
}

function podWith(annotation: 'true' | 'false' | null, spec: object = {}): PodTemplate {
  return {
    ...(annotation === null ? {} : { metadata: { annotations: { [injectAnnotation]: annotation } } }),
    spec: { containers: [{ name: 'app', image: 'example/app:1' }], ...spec },
  };
}

const bools = [true, false] as const;
const pods = bools.flatMap((labeled) =>
  (['true', 'false', null] as const).flatMap((annotation) =>
    bools.map((optOut) => ({ labeled, annotation, optOut, row: optInRowOf({ labeled, annotation, optOut }) })),
  ),
);

describe.each(names)('%s', (way) => {
  test('decides about injection as in the table', () => {
    for (const { labeled, annotation, optOut, row } of pods) {
      const labels = labeled ? { [namespaceLabel]: 'enabled' } : {};
      const result = ways[way]({ template: podWith(annotation), labels, optOut });
      const expected = isCommand(way) ? row?.commands : row?.admission;
      expect(result, JSON.stringify({ labeled, annotation, optOut })).toBe(
        expected === 'inject' ? 'privileged' : expected,
      );
    }
  });

  test('adds the form of the sidecar that the table has for the Pod Security level', () => {
    const assumptions: readonly AssumedLevel[] = ['auto', 'privileged', 'baseline', 'restricted'];
    for (const { label, assumed: only, outcome } of levelRows) {
      const labels = { [namespaceLabel]: 'enabled', ...(label === null ? {} : { [podSecurityLabel]: label }) };
      for (const assumed of only === undefined ? assumptions : [only]) {
        // The API server does not call a webhook or a policy whose selector does not match.
        const skipped = isCommand(way) ? outcome : 'not asked';
        const expected = outcome === 'pod_security_restricted' ? skipped : outcome;
        expect(ways[way]({ template: podWith('true'), labels, assumed }), `${label}, ${assumed}`).toBe(expected);
      }
    }
  });

  test('skips the pods of the fixtures for the reason of the table', () => {
    for (const { name, template, namespace, level, expected } of skippedPods) {
      const result = ways[way]({ template: asking(template), namespace, labels: labelsOf(level) });
      const isCalled = isCommand(way) || expected !== 'pod_security_restricted';
      expect(result, name).toBe(isCalled ? expected : 'not asked');
    }
  });

  test('reports the first of two reasons', () => {
    let pairs = 0;
    for (const [index, first] of specReasons.entries()) {
      for (const second of specReasons.slice(index + 1)) {
        const template = podWith('true', { ...reasonSpecs[second], ...reasonSpecs[first] });
        expect(ways[way]({ template, labels: labelsOf('privileged') }), `${first}, ${second}`).toBe(first);
        pairs += 1;
      }
    }
    expect(pairs).toBe(21);
  });
});

test('each combination of label, annotation and mode has one row, and each row a combination', () => {
  expect(pods.every(({ row }) => row !== undefined)).toBe(true);
  expect(new Set(pods.map(({ row }) => row))).toEqual(new Set(optInRows));
});

test('the order of skips contains every reason, and there is a fixture for each', () => {
  const ofCommands = new Set(['setting_conflict', 'no_pod_template', 'not_injected', 'pod_security_baseline']);
  expect(new Set(skipOrder)).toEqual(new Set(Object.keys(skipReasons).filter((reason) => !ofCommands.has(reason))));
  const withFixture = new Set(skippedPods.map(({ expected }) => expected));
  expect(skipOrder.filter((reason) => !withFixture.has(reason) && !(reason in reasonSpecs))).toEqual([]);
});

/** A part of a pod's spec that is a reason by itself; they can be combined. */
const reasonSpecs: Readonly<Record<string, object>> = {
  host_network: { hostNetwork: true },
  windows: { os: { name: 'windows' } },
  fargate: { schedulerName: 'fargate-scheduler' },
  virtual_node: { nodeName: 'virtual-kubelet-1' },
  sandbox: { runtimeClassName: 'gvisor' },
  name_collision: { volumes: [{ name: 'packet-capture-files', emptyDir: {} }] },
  // The pod as a whole requests huge pages and leaves their limit to its containers.
  pod_resources: { resources: { requests: { cpu: '1', 'hugepages-2Mi': '4Mi' } } },
};
const specReasons = skipOrder.filter((reason) => reason in reasonSpecs);

const skippedPods: readonly PodFixture[] = podFixtures.filter(({ expected }) => expected !== 'injected');

function labelsOf(level: PodSecurityLevel): Readonly<Record<string, string>> {
  return { [namespaceLabel]: 'enabled', [podSecurityLabel]: level };
}

/** The fixture with the annotation that asks for injection, unless it has another value. */
function asking(template: PodTemplate): PodTemplate {
  const annotations = { [injectAnnotation]: 'true', ...template.metadata?.annotations };
  return { ...template, metadata: { ...template.metadata, annotations } };
}
