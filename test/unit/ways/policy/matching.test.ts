import { describe, expect, test } from 'vitest';
import { planInjection } from '../../../../src/inject/index.ts';
import type { PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import {
  matchConditionName,
  policyExpressions,
  policyParameters,
  type PolicyProfile,
} from '../../../../src/ways/policy/index.ts';
import { podFixtures } from '../../../support/pods/index.ts';
import { evaluate } from '../../../support/policy/evaluate.ts';

/** Sums are the API server's own; the cluster tests look at those. */
const { matchConditions } = policyExpressions;
const common = matchConditions.filter(({ expression }) => !expression.includes('.sum('));

interface Asked {
  readonly namespace?: string;
  readonly profile?: PolicyProfile;
  readonly optOut?: boolean;
  readonly dryRun?: boolean;
  readonly annotation?: string;
}

/** The name of the first condition that does not hold. */
function leftAloneBy(
  pod: PodTemplate,
  {
    namespace = 'shop',
    profile = 'privileged',
    optOut = true,
    dryRun = false,
    annotation = 'example.com/inject',
  }: Asked = {},
): string | undefined {
  const data = policyParameters(defaultSidecarConfig, { profile, annotation, optOut });
  const variables = { object: { metadata: {}, ...pod }, params: { data }, request: { namespace, dryRun } };
  return common.find(({ expression }) => evaluate(expression, variables) !== true)?.name;
}

test('all conditions but one can be looked at here', () => {
  expect(matchConditions.length - common.length).toBe(1);
  expect(new Set(matchConditions.map(({ name }) => name)).size).toBe(matchConditions.length);
});

// Such namespaces are bound by no binding.
const bound = podFixtures.filter(({ expected }) => expected !== 'pod_security_restricted');

test('the condition that leaves a pod alone is named by the reason that every other way has', () => {
  for (const { name, template, namespace, expected } of bound) {
    // The API server leaves empty lists and maps out.
    const pod = JSON.parse(JSON.stringify(template), (_, value: unknown) =>
      isEmpty(value) ? undefined : value,
    ) as PodTemplate;
    const reason = leftAloneBy(pod, namespace === undefined ? {} : { namespace });
    expect(reason, name).toBe(expected === 'injected' ? undefined : matchConditionName(expected));
  }
});

test('huge pages of the pod as a whole that its containers have to limit leave it alone', () => {
  const pages = { 'hugepages-2Mi': '4Mi' };
  const pod = (resources: object): PodTemplate => ({ spec: { containers: [{ name: 'app' }], resources } });
  expect(leftAloneBy(pod({ requests: { cpu: '1', ...pages } }))).toBe(matchConditionName('pod_resources'));
  expect(leftAloneBy(pod({ requests: pages, limits: { cpu: '1' } }))).toBe(matchConditionName('pod_resources'));
  expect(leftAloneBy(pod({ requests: pages, limits: pages }))).toBeUndefined();
});

test('the runtime classes that the parameters name leave pods alone, as planInjection has it', () => {
  const condition = matchConditions.find(({ name }) => name === matchConditionName('sandbox'))?.expression ?? '';
  const lists = [undefined, [], ['kata-*'], ['gvisor'], ['*'], ['a', 'kata-qemu']];
  const seen = lists.flatMap((skipRuntimeClasses) => {
    const config = { ...defaultSidecarConfig, ...(skipRuntimeClasses === undefined ? {} : { skipRuntimeClasses }) };
    const data = policyParameters(config, { profile: 'privileged', annotation: 'a', optOut: true });
    return ['gvisor', 'gvisor-gpu', 'kata-qemu', 'a', undefined].map((runtimeClassName) => {
      const template: PodTemplate = {
        spec: { containers: [{ name: 'app' }], ...(runtimeClassName === undefined ? {} : { runtimeClassName }) },
      };
      const plan = planInjection(template, { config, settings: {}, podSecurity: 'privileged' });
      expect(
        evaluate(condition, { object: template, params: { data } }),
        `${skipRuntimeClasses?.join(' ') ?? 'default'}: ${runtimeClassName ?? 'none'}`,
      ).toBe(plan.inject);
      return plan.inject;
    });
  });
  expect(seen.filter(Boolean).length).toBeGreaterThan(10);
  expect(seen.filter((each) => !each).length).toBeGreaterThan(8);
  // Parameters of a version before.
  expect(evaluate(condition, { object: { spec: { runtimeClassName: 'gvisor' } }, params: { data: {} } })).toBe(true);
});

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

describe('who asks', () => {
  const pod = (annotations?: Readonly<Record<string, string>>): PodTemplate => ({
    metadata: annotations === undefined ? {} : { annotations },
    spec: { containers: [{ name: 'app' }] },
  });
  const key = 'example.com/inject';
  const own = 'packet-capture/inject';
  const notOptedIn = matchConditionName('not_opted_in');
  const optedOut = matchConditionName('opted_out');

  test.each([
    [undefined, notOptedIn, undefined],
    [{}, notOptedIn, undefined],
    [{ [key]: 'true' }, undefined, undefined],
    [{ [key]: 'True' }, notOptedIn, undefined],
    [{ [key]: 'false' }, optedOut, optedOut],
    [{ [own]: 'true' }, notOptedIn, undefined],
    [{ [key]: 'true', [own]: 'false' }, optedOut, optedOut],
    [{ [own]: 'false' }, optedOut, optedOut],
  ])('%j', (annotations, optIn, optOut) => {
    expect(leftAloneBy(pod(annotations), { optOut: false })).toBe(optIn);
    expect(leftAloneBy(pod(annotations), { optOut: true })).toBe(optOut);
  });

  test('a probe need not ask, yet it is answered in a dry run alone', () => {
    expect(leftAloneBy(pod(), { profile: 'probe', optOut: false, dryRun: true })).toBeUndefined();
    expect(leftAloneBy(pod(), { profile: 'probe', optOut: false })).toBe(matchConditionName('not_probe'));
  });
});
