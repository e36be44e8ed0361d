import { expect, test } from 'vitest';
import { planInjection } from '../../../../src/inject/index.ts';
import type { PodSpec, ResourceRequirements } from '../../../../src/kubernetes/api/types.ts';
import type { CustomSidecarConfig } from '../../../../src/sidecar/index.ts';
import { customSidecarExpressions } from '../../../../src/ways/policy/customSidecarCel.ts';
import { evaluate } from '../../../support/policy/evaluate.ts';

const own = (resources?: ResourceRequirements): CustomSidecarConfig => ({
  form: 'custom',
  containers: [{ name: 'monitor', image: 'm:1', ...(resources === undefined ? {} : { resources }) }],
  initContainers: [],
  volumes: [],
});
const conditionOf = (config: CustomSidecarConfig): string | undefined =>
  customSidecarExpressions(config).matchConditions.find(({ name }) => name === 'packet-capture.internal/pod-resources')
    ?.expression;

test.each<[object, boolean]>([
  [{}, true],
  [{ resources: {} }, true],
  [{ resources: { requests: {} } }, true],
  [{ resources: { requests: { cpu: '1' } } }, false],
  [{ resources: { limits: { memory: '1Gi' } } }, false],
])('a sidecar with resources: a pod with %j is injected: %s, as planInjection has it', (fields, injected) => {
  const config = own({ requests: { cpu: '1m' } });
  const spec: PodSpec = { containers: [{ name: 'app' }], ...fields };
  expect(evaluate(conditionOf(config) ?? '', { object: { spec } })).toBe(injected);
  expect(planInjection({ spec }, { config, settings: {}, podSecurity: 'privileged' }).inject).toBe(injected);
});

test.each<[object, boolean]>([
  [{}, true],
  [{ resources: { requests: { cpu: '1' } } }, true],
  [
    { resources: { requests: { cpu: '1' } }, containers: [{ name: 'app', resources: { limits: { cpu: '1' } } }] },
    false,
  ],
  [
    {
      resources: { requests: { cpu: '1' } },
      containers: [{ name: 'app', resources: { limits: { cpu: '1' } } }],
      initContainers: [{ name: 'init' }],
    },
    true,
  ],
  [{ resources: { limits: { cpu: '1' } }, containers: [{ name: 'app', resources: { limits: { cpu: '1' } } }] }, true],
  [{ resources: { requests: { 'hugepages-2Mi': '4Mi' } } }, false],
  [{ resources: { requests: { 'hugepages-2Mi': '4Mi' }, limits: { 'hugepages-2Mi': '4Mi' } } }, true],
])('a sidecar without resources: a pod with %j is injected: %s, as planInjection has it', (fields, injected) => {
  const spec: PodSpec = { containers: [{ name: 'app' }], ...fields };
  for (const config of [own(), own({ limits: {} })]) {
    expect(evaluate(conditionOf(config) ?? '', { object: { spec } })).toBe(injected);
    expect(planInjection({ spec }, { config, settings: {}, podSecurity: 'privileged' }).inject).toBe(injected);
  }
});
