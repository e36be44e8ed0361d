import fc from 'fast-check';
import { expect, test } from 'vitest';
import { additionPatch, planInjection, type Addition } from '../../../../src/inject/index.ts';
import type { PodTemplate } from '../../../../src/kubernetes/api/types.ts';
import { defaultSidecarConfig, type SidecarConfig } from '../../../../src/sidecar/index.ts';
import { patchFor } from '../../../../src/ways/webhook/patchCache.ts';
import { patchProblem } from '../../../../src/ways/webhook/verifyPatch.ts';
import { customConfig, podOf } from '../../../support/webhook/samples.ts';

const names = fc.constantFrom('a', 'b', 'c', 'dumps', 'monitor');
const list = fc.option(fc.array(fc.record({ name: names, image: fc.string() }), { maxLength: 3 }), { nil: null });
const metadata = fc.option(
  fc.record(
    {
      annotations: fc.option(fc.dictionary(fc.constantFrom('x', 'a/b', 'packet-capture/file-size'), fc.string()), {
        nil: null,
      }),
    },
    { requiredKeys: [] },
  ),
  { nil: null },
);
const pods = fc.record(
  {
    metadata,
    spec: fc.record(
      {
        containers: fc.array(fc.record({ name: names }), { minLength: 1, maxLength: 3 }),
        initContainers: list,
        volumes: list,
        imagePullSecrets: list,
      },
      { requiredKeys: ['containers'] },
    ),
  },
  { requiredKeys: ['spec'] },
) as fc.Arbitrary<PodTemplate>;
const withSecrets: SidecarConfig = {
  ...defaultSidecarConfig,
  agent: { ...defaultSidecarConfig.agent, imagePullSecrets: [{ name: 'registry' }] },
};

function additionFor(pod: PodTemplate, config: SidecarConfig): Addition | undefined {
  const plan = planInjection(pod, { config, settings: {}, podSecurity: 'privileged', atAdmission: true });
  return plan.inject ? plan.addition : undefined;
}

test('a cached patch equals the patch that is made for the pod itself', () => {
  let patches = 0;
  fc.assert(
    fc.property(pods, fc.constantFrom(defaultSidecarConfig, withSecrets, customConfig), (pod, config) => {
      const addition = additionFor(pod, config);
      if (addition === undefined) return;
      const { patch } = patchFor(pod, addition);
      if (patch === undefined) return;
      patches += 1;
      const own = additionPatch(pod, addition, []);
      expect(patch.text).toBe(JSON.stringify(own));
      expect(Buffer.from(patch.base64, 'base64').toString()).toBe(patch.text);
      expect(patchProblem(pod, own, addition)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
  expect(patches).toBeGreaterThan(100);
});

test('pods share an addition only if it is equal', () => {
  const at = (pod: PodTemplate, podSecurity: 'privileged' | 'baseline' = 'privileged'): Addition => {
    const plan = planInjection(pod, { config: defaultSidecarConfig, settings: {}, podSecurity });
    if (!plan.inject) throw new Error(plan.reason);
    return plan.addition;
  };
  const limits = { cpu: '1', memory: '1Gi' };
  const additions = [
    at(podOf()),
    at(podOf(), 'baseline'),
    at(podOf({ containers: [{ name: 'web', image: 'nginx', resources: { limits } }] })),
    at(podOf({ resources: { limits } })),
    at(podOf({}, { 'packet-capture/file-size': '1Mi' })),
    at(podOf({}, { 'packet-capture/file-count': '2' })),
    at(podOf({}, { 'packet-capture/file-size': '1Mi', 'packet-capture/file-count': '2' })),
  ];
  expect(at(podOf({}, { 'packet-capture/filter': 'udp' }))).toBe(additions[0]);
  expect(at(podOf({}, { 'packet-capture/file-size': '1Mi' }))).toBe(additions[4]);
  expect(new Set(additions.map((addition) => JSON.stringify(addition))).size).toBe(additions.length);
});

test('a quotation mark in a setting does not make two different keys of the cache equal', () => {
  const sizeLimit = (annotations: Record<string, string>): unknown =>
    additionFor(podOf({}, annotations), defaultSidecarConfig)?.volumes[0]?.['emptyDir'];
  const usual = sizeLimit({});
  expect(sizeLimit({ 'packet-capture/file-size': '1Mi","file-count":"2' })).toEqual(usual);
  expect(sizeLimit({ 'packet-capture/file-size': '1Mi', 'packet-capture/file-count': '2' })).not.toEqual(usual);
});
